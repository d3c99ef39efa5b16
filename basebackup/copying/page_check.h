#pragma once

#include <string>
#include <vector>

#include "basebackup/copying/pgdata.h"
#include "common/cli/log.h"
#include "common/os/fd.h"
#include "common/postgres/control_file.h"
#include "common/postgres/page.h"

namespace pitr {

// A page that was stored as it is and looks wrong.
struct BadPage {
  std::string path;     // as the manifest names the file
  std::uint32_t block;  // in its relation fork, over all its segment files
  Lsn lsn;              // as the page says
  std::string damage;
};

// Judges the pages of relation files on their way into the backup. A page that was caught half written is
// read again and then forgotten; what stays bad is kept until the end of the backup, because a page that was
// written between start and stop is replayed from the WAL whatever was copied.
class PageCheck {
 public:
  // A server that was built for pages of another size than 8 kB has its files stored and not judged.
  explicit PageCheck(const ControlFile& control)
      : checksums_(control.data_checksum_version != 0),
        knows_pages_(control.page_size == page_size),
        pages_per_file_(control.pages_per_file) {}

  // The pieces that follow are those of this file, in order; whole pages but for the last one. `file` stays
  // open until the next begin().
  void begin(const Entry& entry, const Fd& file);
  void piece(Bytes bytes);

  // The bad pages that replay from `start` to `stop` does not set right.
  std::vector<BadPage> bad_pages(Lsn start, Lsn stop) const;

 private:
  void judge(Page page);
  std::optional<std::string> read_again(std::uint64_t offset, std::string damage);

  bool checksums_, knows_pages_;
  std::uint32_t pages_per_file_;
  const Fd* file_ = nullptr;
  std::string path_;
  bool is_relation_ = false;
  std::uint32_t first_block_ = 0;  // of the file in its fork
  std::uint64_t offset_ = 0;       // in the file
  std::vector<BadPage> suspects_;
};

// Logs what is damaged in the cluster itself, and returns how many pages that are; the copy is kept, and
// marked.
std::uint64_t report(const std::vector<BadPage>& pages, Log& log);

}  // namespace pitr
