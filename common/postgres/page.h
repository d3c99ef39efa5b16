#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/base/stream.h"
#include "common/postgres/wal.h"

namespace pitr {

inline constexpr std::size_t page_size = 8192;
using Page = std::span<const std::byte, page_size>;

// The checksum that PostgreSQL keeps in the header of a page, computed as if that field were 0. `block` is
// the number of the page in its relation fork, over all its segment files. Source of the algorithm:
// PostgreSQL, src/include/storage/checksum_impl.h.
std::uint16_t page_checksum(Page page, std::uint32_t block);

// What is wrong with a page, for people; null: nothing. A page of zeros is new and good. Without `checksums`
// only the header is judged: its size and version, and the order of its offsets.
std::optional<std::string> page_damage(Page page, std::uint32_t block, bool checksums);

// The end of the last WAL record that changed the page. From a bad page it may be anything.
Lsn page_lsn(Page page);

}  // namespace pitr
