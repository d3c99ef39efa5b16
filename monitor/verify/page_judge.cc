#include "monitor/verify/page_judge.h"

#include <filesystem>

#include "common/postgres/relation_file.h"

namespace pitr {
namespace {

constexpr std::size_t most_told = 100;

}  // namespace

void PageJudge::begin(const std::string& path) {
  path_ = path;
  const std::string name = std::filesystem::path(path).filename();
  const auto relation = parse_relation_file(name);
  const bool is_place =
      path.starts_with("base/") || path.starts_with("global/") || path.starts_with("pg_tblspc/");
  is_relation_ = relation && is_place;
  if (is_relation_) block_ = relation->segment * pages_per_file;
}

void PageJudge::piece(Bytes bytes) {
  if (!is_relation_) return;
  for (; bytes.size() >= page_size; bytes = bytes.subspan(page_size), ++block_) {
    const Page page(bytes.data(), page_size);
    judge(page, true, by_checksum_);
    judge(page, false, by_header_);
  }
}

void PageJudge::judge(Page page, bool checksums, BadPages& suspects) {
  const auto damage = page_damage(page, block_, checksums);
  const Lsn lsn = page_lsn(page);
  if (!damage || (lsn >= start_ && lsn <= stop_)) return;
  if (++suspects.count <= most_told) suspects.pages.push_back({path_, block_, *damage, lsn});
}

}  // namespace pitr
