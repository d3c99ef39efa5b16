#include "restore/recover/rescue.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/os/file_source.h"
#include "common/os/text_file.h"
#include "common/postgres/wal_check.h"
#include "common/store/place.h"
#include "common/store/store.h"
#include "common/wal/marker.h"
#include "restore/recover/wal_map.h"

namespace pitr {
namespace {

bool fits(const std::filesystem::path& path, const WalName& name, const ClusterIdentity& identity) {
  FileSource source = open_regular(path);
  if (source.file_size() != identity.segment_size.bytes()) return false;
  std::array<std::byte, wal_page_header_size> page;
  const auto header = parse_wal_page_header(Bytes(page).first(read_full(source, page)));
  return header && header->system_identifier == identity.system_identifier &&
         name.start(identity.segment_size) == header->page_address;
}

void put(const std::filesystem::path& from, const WalName& name, Store& store,
         const ClusterIdentity& identity) {
  FileSource source = open_regular(from);
  try {
    const auto chain = check_wal({name, identity.system_identifier, true, {}}, store.create(Name(name, "")));
    copy(source, *chain);
    chain->finish();
  } catch (const AtomicFile::Conflict&) {
    FileSource again = open_regular(from);
    const auto there = store.open(Name(name, ""));
    if (!there || !same_bytes(*there, again)) throw;
    store.sync(Name(name, ""));
  }
}

}  // namespace

UnarchivedWal find_unarchived_wal(const std::filesystem::path& data_directory,
                                  const ClusterIdentity& identity, const std::vector<Place>& sources) {
  UnarchivedWal result{data_directory / "pg_wal", {}, {}};
  WalMap archived(identity.segment_size);
  for (const Place& source : sources) archived.add(*open_store(source, {}), source);
  open_directory(result.pg_wal, {})->list("", [&](const Name& file) {
    const auto name = WalName::parse(file.text());
    if (!name) return true;
    if (name->kind() == WalKind::history && !archived.has_history(name->timeline())) {
      result.histories[name->timeline()] = read_text(result.pg_wal / file.text());
      result.names.push_back(*name);
    }
    const auto start = name->kind() == WalKind::segment ? name->start(identity.segment_size) : std::nullopt;
    if (start && !archived.has_segment(name->timeline(), *start) &&
        fits(result.pg_wal / file.text(), *name, identity)) {
      result.names.push_back(*name);
    }
    return true;
  });
  std::ranges::sort(result.names);
  return result;
}

void rescue(const UnarchivedWal& wal, const std::filesystem::path& directory, const ClusterIdentity& identity,
            Log& log) {
  create_directories(directory, 0700);
  const auto store = open_directory(directory, {});
  if (!read_marker(*store)) write_marker(*store, identity);
  require_archive_of(*store, identity.system_identifier);
  for (const WalName& name : wal.names) {
    in_context("rescue " + (wal.pg_wal / name.text()).native(),
               [&] { put(wal.pg_wal / name.text(), name, *store, identity); });
    log.note("Rescued {} into {}", name.text(), directory.native());
  }
}

}  // namespace pitr
