#include "common/postgres/database_record.h"

#include "common/postgres/byte_reader.h"

namespace pitr {

// Source of the layouts: src/include/commands/dbcommands_xlog.h. 15 has two ways to create a database, and
// DROP moved on.
std::optional<std::uint32_t> dropped_database(const WalRecord& record) {
  const std::uint8_t drop = record.magic < magic_of_15 ? 0x10 : 0x20;
  if (record.manager != ResourceManager::database || (record.info & 0xF0) != drop) return std::nullopt;
  const auto contents = contents_of(record);
  if (!contents || contents->main.size() < 4) return std::nullopt;
  return ByteReader(contents->main).take<std::uint32_t>();
}

std::optional<CopiedDatabase> created_database(const WalRecord& record) {
  const std::uint8_t what = record.info & 0xF0;
  const bool in_wal = record.magic >= magic_of_15 && what == 0x10;
  if (record.manager != ResourceManager::database || (what != 0x00 && !in_wal)) return std::nullopt;
  const auto contents = contents_of(record);
  if (!contents) return std::nullopt;
  ByteReader from(contents->main);
  CopiedDatabase created{from.take<std::uint32_t>(), 0};
  from.skip(4);  // its tablespace
  if (!in_wal) created.from = from.take<std::uint32_t>();
  if (from.failed()) return std::nullopt;
  return created;
}

// src/include/storage/standbydefs.h, xl_running_xacts: i32 number of transactions, i32 of subtransactions,
// bool, three u32, and the transactions.
std::optional<std::vector<std::uint32_t>> running_transactions(const WalRecord& record) {
  if (record.manager != ResourceManager::standby || (record.info & 0xF0) != 0x10) return std::nullopt;
  const auto contents = contents_of(record);
  if (!contents) return std::nullopt;
  ByteReader from(contents->main);
  const auto count = from.take<std::uint32_t>();
  from.skip(20);
  if (count > from.left() / 4) return std::nullopt;
  std::vector<std::uint32_t> running(count);
  for (auto& transaction : running) transaction = from.take<std::uint32_t>();
  return running;
}

bool ends_all_transactions(const WalRecord& record) {
  const std::uint8_t what = record.info & 0xF0;
  constexpr std::uint8_t shutdown_checkpoint = 0x00, end_of_recovery = 0x90;
  return record.manager == ResourceManager::xlog && (what == shutdown_checkpoint || what == end_of_recovery);
}

}  // namespace pitr
