#include "restore/wal/gap.h"

#include <fcntl.h>

#include <array>
#include <functional>

#include "common/os/file_source.h"
#include "common/os/text_file.h"
#include "common/postgres/control_file.h"
#include "common/postgres/wal_page.h"
#include "common/store/place.h"
#include "common/store/store.h"
#include "common/wal/coverage.h"
#include "common/wal/stored_name.h"

namespace pitr {

namespace {

// PostgreSQL puts the history of the timeline that it follows into pg_wal before it asks for the first
// segment; with the target timeline "current" there is none.
Histories followed_histories(const RestoreRequest& request) {
  Histories followed;
  const auto pg_wal = request.data_directory / "pg_wal";
  if (!is_there(pg_wal)) return followed;
  open_directory(pg_wal, {})->list("", [&](const Name& file) {
    const auto name = WalName::parse(file.text());
    if (name && name->kind() == WalKind::history && name->timeline() > request.name.timeline())
      followed[name->timeline()] = parse_timeline_history(*name, read_text(pg_wal / file.text()));
    return true;
  });
  return followed;
}

std::optional<WalName> first_stored(const RestoreRequest& request, Timeline timeline,
                                    const std::function<bool(const WalName&)>& counts) {
  std::optional<WalName> first;
  for (const Place& source : request.sources) {
    open_store(source, {})->list(fmt::format("{:08X}", number(timeline)), [&](const Name& stored) {
      const auto wal = stored_segment(stored);
      if (wal && counts(*wal) && (!first || *wal < *first)) first = wal;
      return true;
    });
  }
  return first;
}

}  // namespace

std::optional<WalName> first_segment_after(const RestoreRequest& request) {
  const WalName& asked = request.name;
  if (const auto own =
          first_stored(request, asked.timeline(), [&](const WalName& name) { return name > asked; }))
    return own;
  const Histories followed = followed_histories(request);
  if (followed.empty()) return std::nullopt;
  const SegmentSize size = read_cluster_identity(request.data_directory).segment_size;
  const auto start = asked.start(size);
  if (!start) return std::nullopt;
  for (const SegmentRange& way : ways_on(segment_key(asked.timeline(), *start, size), followed, size)) {
    const auto is_on_it = [&](const WalName& name) {
      const auto begin = name.start(size);
      return begin && is_there(segment_key(name.timeline(), *begin, size), {way});
    };
    if (const auto later = first_stored(request, way.timeline, is_on_it)) return later;
  }
  return std::nullopt;
}

bool is_in_pg_wal(const RestoreRequest& request) {
  Fd file = open_if_there(request.data_directory / "pg_wal" / request.name.text(), O_RDONLY | O_NONBLOCK);
  if (!file) return false;
  std::array<std::byte, wal_page_header_size> page;
  FileSource source(std::move(file));
  const std::size_t size = read_full(source, page);
  const auto header = parse_wal_page_header(Bytes(page).first(size));
  return header && request.name.start(header->segment_size) == header->page_address &&
         (!request.system_identifier || header->system_identifier == *request.system_identifier);
}

void refuse_gap(const RestoreRequest& request) {
  if (request.name.kind() != WalKind::segment || is_in_pg_wal(request)) return;
  if (const auto next = first_segment_after(request)) {
    fail(Exit::failed,
         "restore {}: it is missing, but {} is archived: recovery would end at this hole (to end it there on "
         "purpose: "
         "--gap end)",
         request.name.text(), next->text());
  }
}

}  // namespace pitr
