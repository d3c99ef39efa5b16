#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/postgres/wal_page.h"

namespace pitr {

// What the bytes of a WAL file must be, besides complete.
struct WalExpectation {
  WalName name;
  std::optional<std::uint64_t> system_identifier;          // null: any cluster's
  bool check_header = true;                                // false: for servers that encrypt their WAL
  std::function<void(const WalPageHeader&)> inspect = {};  // a closer look at a segment's header; may throw
};

// A filter that lets through only the file that `expected` describes. Segments: a long page header whose
// address is that of the name, whose timeline is not above the name's, of this cluster; exactly one segment
// long. History files must parse; .backup files must be what pg_backup_stop writes. Throws Exit::damaged as
// soon as the bytes cannot be right, so that no more than one segment passes; finish() throws when they end
// early.
//
// It does not demand that the page's timeline equals the name's: the segment in which a timeline begins is a
// copy of its parent's with pages of both.
std::unique_ptr<Sink> check_wal(WalExpectation expected, std::unique_ptr<Sink> next);

}  // namespace pitr
