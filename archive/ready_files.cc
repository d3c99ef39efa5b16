#include "archive/ready_files.h"

#include <set>
#include <string>

#include "common/store/store.h"

namespace pitr {
namespace {

constexpr std::string_view ready = ".ready";
constexpr std::string_view done = ".done";

bool is_history(std::string_view name) {
  const auto wal = WalName::parse(name);
  return wal && wal->kind() == WalKind::history;
}

// The archiver's order (ready_file_comparator in pgarch.c, the same since 13): history files, then by name.
struct ArchivedBefore {
  bool operator()(const std::string& one, const std::string& other) const {
    const bool history = is_history(one);
    return history != is_history(other) ? history : one < other;
  }
};

// What the archiver looks at: pgarch.h. Everything else it passes over.
bool is_asked_for(std::string_view name) {
  return name.size() >= 16 && name.size() <= 40 &&
         name.find_first_not_of("0123456789ABCDEF.history.backup.partial") == std::string_view::npos;
}

}  // namespace

ReadyFiles::ReadyFiles(const std::filesystem::path& data_directory)
    : directory_(data_directory / "pg_wal" / "archive_status") {}

bool ReadyFiles::has(const WalName& name) const { return is_there(of(name, ready)); }

std::vector<WalName> ReadyFiles::first(std::size_t most, const WalName& except) const {
  std::set<std::string, ArchivedBefore> names;
  open_directory(directory_, {})->list("", [&](const Name& entry) {
    std::string_view name = entry.text();
    if (!name.ends_with(ready)) return true;
    name.remove_suffix(ready.size());
    if (!is_asked_for(name) || name == except.text()) return true;
    names.emplace(name);
    if (names.size() > most) names.erase(std::prev(names.end()));
    return true;
  });
  std::vector<WalName> result;
  for (const std::string& name : names) {
    const auto wal = WalName::parse(name);
    // The server does not come past a file that it cannot get archived.
    if (!wal) break;
    result.push_back(*wal);
  }
  return result;
}

void ReadyFiles::mark_done(const WalName& name) const { rename_if_there(of(name, ready), of(name, done)); }

std::filesystem::path ReadyFiles::of(const WalName& name, std::string_view suffix) const {
  return directory_ / (name.text() + std::string(suffix));
}

}  // namespace pitr
