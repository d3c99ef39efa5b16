#include "common/postgres/heap_record.h"

#include <algorithm>

#include "common/postgres/byte_reader.h"
#include "common/postgres/heap_page.h"
#include "common/postgres/page_image.h"

// Source of the layouts: src/include/access/heapam_xlog.h; the same from 13 to 18.
namespace pitr {
namespace {

constexpr std::uint8_t init_page = 0x80;                                // in the info byte: the page is new
constexpr std::uint8_t prefix_from_old = 0x20, suffix_from_old = 0x40;  // in the flags of an update
constexpr std::size_t tuple_header_size = 23;

const WalBlock* block_with(const WalContents& contents, std::uint8_t id) {
  const auto found = std::ranges::find(contents.blocks, id, &WalBlock::id);
  return found == contents.blocks.end() ? nullptr : &*found;
}

// The header of a tuple as a record has it (two infomasks, its length), and what lies between that header and
// the columns.
void skip_to_columns(ByteReader& from) {
  from.skip(4);
  const std::size_t header = from.take<std::uint8_t>();
  from.skip(std::max(header, tuple_header_size) - tuple_header_size);
}

class NewRows {
 public:
  NewRows(const WalRecord& record, const WalContents& contents, const OldColumns& old,
          const std::function<void(const HeapRow&)>& each)
      : record_(record), contents_(contents), old_(old), each_(each) {}

  void run() {
    for (const WalBlock& block : contents_.blocks) {
      if (block.image.empty() || block.fork != 0) continue;
      const auto page = page_of_image(block);
      if (!page) continue;
      each_row(*page, [&](std::uint16_t offset, Bytes columns) {
        each_({block.relation, block.number, offset, columns});
      });
    }
    const auto change = heap_change(record_);
    const WalBlock* const block = block_with(contents_, 0);
    if (!change || block == nullptr || block->data.empty()) return;
    switch (*change) {
      case HeapChange::insert:
        return insert(*block);
      case HeapChange::multi_insert:
        return multi_insert(*block);
      case HeapChange::update:
        return update(*block);
      case HeapChange::inplace:
        return tell(*block, ByteReader(contents_.main).take<std::uint16_t>(), block->data);
      case HeapChange::erase:
        return;
    }
  }

 private:
  void tell(const WalBlock& block, std::uint16_t offset, Bytes columns) const {
    if (!columns.empty()) each_({block.relation, block.number, offset, columns});
  }

  void insert(const WalBlock& block) const {
    ByteReader from(block.data);
    skip_to_columns(from);
    tell(block, ByteReader(contents_.main).take<std::uint16_t>(), from.take_bytes(from.left()));
  }

  // Main data: u8 flags, u16 number of rows, their offsets unless the page is new. Each row: u16 length,
  // two infomasks, u8 length of the header, then its bytes; it begins at an even place.
  void multi_insert(const WalBlock& block) const {
    ByteReader main(contents_.main);
    main.skip(2);
    const auto rows = main.take<std::uint16_t>();
    ByteReader from(block.data);
    for (unsigned i = 0; i < rows && !from.failed(); ++i) {
      const bool is_new = (record_.info & init_page) != 0;
      const auto offset = is_new ? static_cast<std::uint16_t>(i + 1) : main.take<std::uint16_t>();
      if ((block.data.size() - from.left()) % 2 != 0) from.skip(1);
      const std::size_t length = from.take<std::uint16_t>();
      from.skip(4);
      const std::size_t header = std::max<std::size_t>(from.take<std::uint8_t>(), tuple_header_size);
      Bytes columns = from.take_bytes(length);
      if (columns.size() < header - tuple_header_size || main.failed()) return;
      tell(block, offset, columns.subspan(header - tuple_header_size));
    }
  }

  // Main data: u32, u16 old offset, u8, u8 flags, u32, u16 new offset.
  void update(const WalBlock& block) const {
    ByteReader main(contents_.main);
    main.skip(7);
    const auto flags = main.take<std::uint8_t>();
    main.skip(4);
    const auto offset = main.take<std::uint16_t>();
    ByteReader from(block.data);
    const std::size_t prefix = (flags & prefix_from_old) != 0 ? from.take<std::uint16_t>() : 0;
    const std::size_t suffix = (flags & suffix_from_old) != 0 ? from.take<std::uint16_t>() : 0;
    skip_to_columns(from);
    const Bytes middle = from.take_bytes(from.left());
    if (from.failed() || main.failed()) return;
    if (prefix + suffix == 0) return tell(block, offset, middle);
    const auto old = old_row(HeapChange::update, contents_);
    const Bytes before = old ? old_(*old) : Bytes();
    if (before.size() < std::max(prefix, suffix)) return;
    std::vector<std::byte> columns(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(prefix));
    columns.insert(columns.end(), middle.begin(), middle.end());
    columns.insert(columns.end(), before.end() - static_cast<std::ptrdiff_t>(suffix), before.end());
    tell(block, offset, columns);
  }

  const WalRecord& record_;
  const WalContents& contents_;
  const OldColumns& old_;
  const std::function<void(const HeapRow&)>& each_;
};

}  // namespace

std::optional<HeapChange> heap_change(const WalRecord& record) {
  const std::uint8_t what = record.info & 0x70;
  if (record.manager == ResourceManager::heap2) {
    if (what == 0x50) return HeapChange::multi_insert;
    return std::nullopt;
  }
  if (record.manager != ResourceManager::heap) return std::nullopt;
  switch (what) {
    case 0x00:
      return HeapChange::insert;
    case 0x10:
      return HeapChange::erase;
    case 0x20:
    case 0x40:  // HOT
      return HeapChange::update;
    case 0x70:
      return HeapChange::inplace;
    default:
      return std::nullopt;
  }
}

std::optional<HeapRow> old_row(HeapChange change, const WalContents& contents) {
  ByteReader main(contents.main);
  // An update that moves the row to another page names the old page second.
  const WalBlock* block = block_with(contents, 0);
  if (change == HeapChange::update && block_with(contents, 1) != nullptr) block = block_with(contents, 1);
  if (change == HeapChange::erase || change == HeapChange::update) main.skip(4);
  const auto offset = main.take<std::uint16_t>();
  const bool has_one = change != HeapChange::insert && change != HeapChange::multi_insert;
  if (!has_one || block == nullptr || main.failed()) return std::nullopt;
  return HeapRow{block->relation, block->number, offset, {}};
}

std::optional<HeapRow> updated_row(const WalContents& contents) {
  const WalBlock* const block = block_with(contents, 0);
  ByteReader main(contents.main);
  main.skip(12);
  const auto offset = main.take<std::uint16_t>();
  if (block == nullptr || main.failed()) return std::nullopt;
  return HeapRow{block->relation, block->number, offset, {}};
}

void each_new_row(const WalRecord& record, const WalContents& contents, const OldColumns& old,
                  const std::function<void(const HeapRow&)>& each) {
  NewRows(record, contents, old, each).run();
}

}  // namespace pitr
