#include "monitor/verify/page_judge.h"

#include <filesystem>

#include "common/postgres/relation_file.h"

namespace pitr {
namespace {

constexpr std::uint32_t blocks_per_file = 131072;  // a segment file of a relation has 1 GiB
constexpr std::size_t most_suspects = 100'000;

}  // namespace

void PageJudge::begin(const std::string& path) {
  path_ = path;
  const std::string name = std::filesystem::path(path).filename();
  const auto relation = parse_relation_file(name);
  const bool is_place =
      path.starts_with("base/") || path.starts_with("global/") || path.starts_with("pg_tblspc/");
  is_relation_ = relation && is_place;
  if (is_relation_) block_ = relation->segment * blocks_per_file;
}

void PageJudge::piece(Bytes bytes) {
  if (!is_relation_) return;
  for (; bytes.size() >= page_size; bytes = bytes.subspan(page_size), ++block_) {
    const Page page(bytes.data(), page_size);
    judge(page, true, by_checksum_);
    judge(page, false, by_header_);
  }
}

void PageJudge::judge(Page page, bool checksums, std::vector<BadPage>& suspects) {
  // Without checksums every page is a suspect of the one kind, and none of them counts.
  if (suspects.size() >= most_suspects) return;
  const auto damage = page_damage(page, block_, checksums);
  if (damage) suspects.push_back({path_, block_, *damage, page_lsn(page)});
}

PageJudge::BadPages PageJudge::bad_pages(bool checksums, Lsn start, Lsn stop) const {
  constexpr std::size_t most_told = 100;
  BadPages bad;
  for (const BadPage& page : (checksums ? by_checksum_ : by_header_)) {
    if (page.lsn >= start && page.lsn <= stop) continue;
    if (++bad.count <= most_told) bad.pages.push_back(page);
  }
  return bad;
}

}  // namespace pitr
