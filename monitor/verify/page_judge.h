#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/postgres/page.h"

namespace pitr {

// Judges the pages of a backup while its tar is read. Whether the cluster has page checksums stands in
// pg_control, which comes last: until then pages are suspects in both ways.
class PageJudge {
 public:
  // Pages that changed between start and stop are no findings: recovery writes them anew.
  PageJudge(Lsn start, Lsn stop) : start_(start), stop_(stop) {}
  static constexpr std::uint32_t pages_per_file = 131072;  // a segment file of a relation has 1 GiB

  // Takes the file with this path in the data directory; anything but a relation's is no concern.
  void begin(const std::string& path);
  // Whole pages, except in the last piece of a file.
  void piece(Bytes bytes);

  struct BadPage {
    std::string path;
    std::uint32_t block;
    std::string damage;
    Lsn lsn;
  };
  struct BadPages {
    std::vector<BadPage> pages;  // the first ones
    std::uint64_t count = 0;
  };
  const BadPages& bad_pages(bool checksums) const { return checksums ? by_checksum_ : by_header_; }

 private:
  void judge(Page page, bool checksums, BadPages& suspects);

  const Lsn start_, stop_;
  std::string path_;
  bool is_relation_ = false;
  std::uint32_t block_ = 0;
  BadPages by_checksum_, by_header_;
};

}  // namespace pitr
