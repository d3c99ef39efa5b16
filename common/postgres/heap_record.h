#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/postgres/wal_record.h"

namespace pitr {

// What a record of a heap does. Only what is asked for below is taken out of it.
enum class HeapChange : std::uint8_t { insert, multi_insert, erase, update, inplace };
std::optional<HeapChange> heap_change(const WalRecord& record);  // costs nothing; null: none of these

// A row of a change: where it stands, and its columns behind the header of the tuple.
struct HeapRow {
  RelationLocator relation;
  std::uint32_t block;
  std::uint16_t offset;
  Bytes columns;  // empty: the record does not hold them
};

// The row that was there: of `erase` the deleted one, of `update` the old one, of `inplace` the one that is
// changed. Without columns.
std::optional<HeapRow> old_row(HeapChange change, const WalContents& contents);

// The place of the new row of `update`. Without columns.
std::optional<HeapRow> updated_row(const WalContents& contents);

// Columns of the old row, which an update need not repeat; empty when they are not known.
using OldColumns = std::function<Bytes(const HeapRow& old)>;

// Calls `each` with every row that is new: inserted, the new one of `update`, the overwritten one of
// `inplace`, and with all rows of pages of which the record has images. `old` may be asked meanwhile.
void each_new_row(const WalRecord& record, const WalContents& contents, const OldColumns& old,
                  const std::function<void(const HeapRow&)>& each);

}  // namespace pitr
