#include "archive/histories.h"

#include <algorithm>
#include <vector>

#include "common/os/file_source.h"
#include "common/wal/put_wal.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

std::vector<WalName> histories_in(const fs::path& wal_directory) {
  std::vector<WalName> names;
  std::error_code code;
  for (fs::directory_iterator entry(wal_directory, code), end; !code && entry != end; entry.increment(code)) {
    const auto name = WalName::parse(entry->path().filename().native());
    if (name && name->kind() == WalKind::history) names.push_back(*name);
  }
  // With --force-data-dir there may be none.
  if (code && code != std::errc::no_such_file_or_directory)
    fail(Exit::failed, "list {}: {}", wal_directory.native(), errno_text(code.value()));
  std::ranges::sort(names, {}, [](const WalName& name) { return name.text(); });
  return names;
}

}  // namespace

void store_histories(const std::shared_ptr<Store>& store, const Place& place, const fs::path& wal_directory) {
  for (const WalName& name : histories_in(wal_directory)) {
    const fs::path path = wal_directory / name.text();
    const auto open = [path] { return std::make_unique<FileSource>(open_regular(path)); };
    auto way = put_wal(store, place.compression.codec, {name, path.native(), open});
    if (!way) continue;
    const auto sink = compress(place.compression, 1, std::move(way));
    copy(*open(), *sink);
    sink->prepare();
    sink->finish();
  }
}

}  // namespace pitr
