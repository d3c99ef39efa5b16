#include "basebackup/copying/page_check.h"

#include <algorithm>
#include <array>

#include "common/os/signals.h"
#include "common/postgres/relation_file.h"

namespace pitr {
namespace {

constexpr std::size_t most_suspects = 100'000;  // with more bad pages the list says nothing new
constexpr int most_readings = 5;

}  // namespace

void PageCheck::begin(const Entry& entry, const Fd& file) {
  file_ = &file;
  path_ = entry.path;
  offset_ = 0;
  const auto relation = parse_relation_file(std::filesystem::path(entry.path).filename().native());
  const bool is_place =
      path_.starts_with("base/") || path_.starts_with("global/") || path_.starts_with("pg_tblspc/");
  is_relation_ = relation && is_place && knows_pages_;
  if (is_relation_) first_block_ = relation->segment * pages_per_file_;
}

void PageCheck::piece(Bytes bytes) {
  if (!is_relation_) return;
  for (; bytes.size() >= page_size; bytes = bytes.subspan(page_size)) {
    judge(Page(bytes.data(), page_size));
    offset_ += page_size;
  }
}

void PageCheck::judge(Page page) {
  const std::uint32_t block = first_block_ + static_cast<std::uint32_t>(offset_ / page_size);
  const auto damage = page_damage(page, block, checksums_);
  if (!damage || suspects_.size() >= most_suspects) return;
  const auto still = read_again(offset_, *damage);
  if (still) suspects_.push_back({path_, block, page_lsn(page), *still});
}

// The server may have been writing the page: then another reading is good. Null: one was, or the page is
// gone.
std::optional<std::string> PageCheck::read_again(std::uint64_t offset, std::string damage) {
  const std::uint32_t block = first_block_ + static_cast<std::uint32_t>(offset / page_size);
  std::array<std::byte, page_size> page;
  for (int reading = 1; reading < most_readings; ++reading) {
    if (read_at(*file_, page, offset) < page.size()) return std::nullopt;  // truncated meanwhile
    const auto now = page_damage(page, block, checksums_);
    if (!now) return std::nullopt;
    damage = *now;
    pause_for(0.01);
  }
  return damage;
}

std::vector<BadPage> PageCheck::bad_pages(Lsn start, Lsn stop) const {
  std::vector<BadPage> bad;
  std::ranges::copy_if(suspects_, std::back_inserter(bad),
                       [&](const BadPage& page) { return page.lsn < start || page.lsn > stop; });
  return bad;
}

std::uint64_t report(const std::vector<BadPage>& pages, Log& log) {
  constexpr std::size_t most_lines = 100;
  for (std::size_t i = 0; i < std::min(pages.size(), most_lines); ++i) {
    log.error("damaged page: block {} of {}: {}, LSN {}", pages[i].block, pages[i].path, pages[i].damage,
              to_string(pages[i].lsn));
  }
  if (pages.size() > most_lines) log.error("{} damaged pages in all", pages.size());
  return pages.size();
}

}  // namespace pitr
