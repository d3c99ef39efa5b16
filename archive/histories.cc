#include "archive/histories.h"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "common/os/directory.h"
#include "common/os/file_source.h"
#include "common/wal/put_wal.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

std::vector<WalName> histories_in(const fs::path& wal_directory) {
  std::vector<WalName> names;
  // With --force-data-dir there may be none.
  if (const Fd directory = open_if_there(wal_directory, O_RDONLY | O_DIRECTORY)) {
    list_directory(directory, [&](const std::string& file) {
      const auto name = WalName::parse(file);
      if (name && name->kind() == WalKind::history) names.push_back(*name);
      return true;
    });
  }
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
