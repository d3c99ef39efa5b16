#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "common/wal/stored_name.h"

namespace pitr {

// What orders segments of all timelines: the digits behind the timeline, compared as text.
std::string_view position_digits(const WalName& segment);

// The `most` oldest segments and .partial files that lie strictly before the segment whose position_digits()
// are `oldest_kept`, whatever their timeline, the oldest first. Never history files, never what is not known.
// Holds no more names than that.
std::vector<StoredName> oldest_wal_before(Store& store, std::string_view oldest_kept, std::size_t most);
// Calls `each` for all of them, the oldest first; it may remove the file. Lists the place anew for some
// thousands at a time: a million names must not sit in memory.
void for_each_wal_before(Store& store, std::string_view oldest_kept,
                         const std::function<void(const StoredName&)>& each);

}  // namespace pitr
