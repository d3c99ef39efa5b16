#include "restore/wal/gap.h"

#include <fcntl.h>

#include <array>

#include "common/os/file_source.h"
#include "common/postgres/wal_page.h"
#include "common/store/place.h"
#include "common/store/store.h"
#include "common/wal/stored_name.h"

namespace pitr {

std::optional<WalName> first_segment_after(const RestoreRequest& request) {
  std::optional<WalName> first;
  const std::string timeline = request.name.text().substr(0, 8);
  for (const Place& source : request.sources) {
    open_store(source, {})->list(timeline, [&](const Name& stored) {
      const auto wal = stored_segment(stored);
      if (wal && *wal > request.name && (!first || *wal < *first)) first = wal;
      return true;
    });
  }
  return first;
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
