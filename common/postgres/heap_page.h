#pragma once

#include <cstdint>
#include <functional>

#include "common/base/stream.h"

namespace pitr {

// The columns of the row at `offset` (line pointers count from 1) of a heap page, behind the header of the
// tuple, dead or alive; empty when there is none, or when the page is none. Source of the layout:
// src/include/storage/bufpage.h, src/include/access/htup_details.h.
Bytes row_at(Bytes page, std::uint16_t offset);

// All of them, with their offsets.
void each_row(Bytes page, const std::function<void(std::uint16_t offset, Bytes columns)>& each);

}  // namespace pitr
