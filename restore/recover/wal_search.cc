#include "restore/recover/wal_search.h"

#include <unistd.h>

#include <cstdlib>

#include "common/os/file_source.h"
#include "common/os/temporary_directory.h"
#include "common/process/process.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// One record as pg_waldump prints it: "rmgr: Transaction len … tx: 737, lsn: 0/03000060, prev …, desc: COMMIT
// 2026-…".
struct Record {
  std::string transaction, lsn, description;
};

std::string between(const std::string& line, std::string_view key, char end) {
  const auto at = line.find(key);
  if (at == line.npos) return {};
  const auto from = line.find_first_not_of(' ', at + key.size());
  if (from == line.npos) return {};
  return line.substr(from, line.find(end, from) - from);
}

std::optional<Record> parse_record(const std::string& line) {
  const auto at = line.find("desc: ");
  if (!line.starts_with("rmgr: ") || at == line.npos) return std::nullopt;
  return Record{between(line, "tx:", ','), between(line, "lsn:", ','), line.substr(at + 6)};
}

class Reader {
 public:
  explicit Reader(const WalSearch& search)
      : search_(search),
        waldump_(server_program(search.bindir,
                                search.meta.server_version.substr(0, search.meta.server_version.find('.')),
                                "pg_waldump")),
        directory_(search.temporary_directory, "pitr-recover") {}

  // Calls `each` with the records of one segment until it returns false. What no source holds has none.
  void records(const WalName& name, const std::string& rmgr, const std::function<bool(const Record&)>& each) {
    const fs::path file = directory_.path() / name.text();
    if (!fetch(name, file)) return;
    run_reading({waldump_, "--path=" + directory_.path().native(), "--rmgr=" + rmgr, name.text()},
                {"TZ=UTC", "LC_ALL=C"}, [&](const std::string& line) {
                  const auto record = parse_record(line);
                  return !record || each(*record);
                });
    remove_file(file);
  }

 private:
  bool fetch(const WalName& name, const fs::path& to) {
    for (const Place& source : search_.sources) {
      const auto store = open_store(source, {});
      for (StoredWal& stored : find_wal(*store, name)) {
        read_wal(
            *store, std::move(stored), {name, {}, true, {}},
            std::make_unique<AtomicFile>(to, AtomicFile::Existing::replace, 0600, AtomicFile::Durable::no));
        return true;
      }
    }
    if (search_.rescued.empty() || !is_there(search_.rescued / name.text())) return false;
    FileSource source = open_regular(search_.rescued / name.text());
    AtomicFile copied(to, AtomicFile::Existing::replace, 0600, AtomicFile::Durable::no);
    copy(source, copied);
    copied.finish();
    return true;
  }

  const WalSearch& search_;
  std::string waldump_;
  TemporaryDirectory directory_;  // for one segment at a time
};

// "COMMIT 2026-11-22 20:10:11.123456 UTC; …"
std::optional<Moment> time_of(const std::string& description) {
  const auto at = description.find(" 2");
  if (at == description.npos) return std::nullopt;
  return parse_moment(description.substr(at + 1, description.find(" UTC", at) - at - 1) + "Z");
}

bool is_end_of_transaction(const std::string& description) {
  return description.starts_with("COMMIT") || description.starts_with("ABORT");
}

std::vector<WalName> segments_of(const WalSearch& search) {
  const SegmentSize size = search.meta.segment_size;
  std::vector<WalName> names;
  for (Lsn at = size.start_of_segment(search.begin); at < search.end; at.value += size.bytes()) {
    names.push_back(segment_on(search.path, at, size));
  }
  return names;
}

}  // namespace

std::optional<Moment> last_commit(const WalSearch& search, Log& log) {
  Reader reader(search);
  const std::vector<WalName> names = segments_of(search);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    std::optional<Moment> last;
    log.detail("Looking for the last commit in {}", name->text());
    reader.records(*name, "Transaction", [&](const Record& record) {
      const auto lsn = parse_lsn(record.lsn);
      if (!lsn || *lsn < search.begin || !is_end_of_transaction(record.description)) return true;
      const auto time = time_of(record.description);
      if (time && (!last || *time > *last)) last = time;
      return true;
    });
    if (last) return last;
  }
  return std::nullopt;
}

bool find_target(const WalSearch& search, const RecoveryTarget& target, Log& log) {
  Reader reader(search);
  const bool by_name = target.kind == RecoveryTarget::Kind::name;
  const std::vector<WalName> names = segments_of(search);
  for (std::size_t i = 0; i < names.size(); ++i) {
    bool found = false;
    log.detail("Looking for {} in {} ({} of {})", describe(target), names[i].text(), i + 1, names.size());
    reader.records(names[i], by_name ? "XLOG" : "Transaction", [&](const Record& record) {
      const auto lsn = parse_lsn(record.lsn);
      if (!lsn || *lsn < search.begin) return true;
      found = by_name ? record.description == "RESTORE_POINT " + target.text
                      : is_end_of_transaction(record.description) && record.transaction == target.text;
      return !found;
    });
    if (found) return true;
  }
  return false;
}

std::vector<std::string> created_tablespaces(const WalSearch& search, Log& log) {
  Reader reader(search);
  std::vector<std::string> paths;
  for (const WalName& name : segments_of(search)) {
    log.detail("Looking for new tablespaces in {}", name.text());
    reader.records(name, "Tablespace", [&](const Record& record) {
      const auto from = record.description.find('"'), to = record.description.rfind('"');
      if (record.description.starts_with("CREATE") && from < to) {
        paths.push_back(record.description.substr(from + 1, to - from - 1));
      }
      return true;
    });
  }
  return paths;
}

std::string server_program(const std::string& bindir, const std::string& major, const std::string& program) {
  std::vector<fs::path> directories;
  if (!bindir.empty()) {
    directories = {bindir};
  } else {
    directories = {"/usr/lib/postgresql/" + major + "/bin", "/usr/pgsql-" + major + "/bin"};
    const char* path = std::getenv("PATH");
    for (std::string rest = path == nullptr ? "" : path; !rest.empty();) {
      const std::string directory = rest.substr(0, rest.find(':'));
      rest.erase(0, directory.size() + 1);
      if (directory.starts_with('/')) directories.emplace_back(directory);
    }
  }
  for (const fs::path& directory : directories) {
    const std::string file = directory / program;
    if (::access(file.c_str(), X_OK) != 0) continue;
    bool fits = false;
    run_reading({file, "--version"}, {}, [&](const std::string& line) {
      fits = line.find(") " + major + ".") != line.npos || line.find(") " + major + "devel") != line.npos;
      return true;
    });
    if (fits || major.empty()) return file;
  }
  fail(Exit::failed, "{} of PostgreSQL {}: not found{} (give --bindir)", program, major,
       bindir.empty() ? "" : " in " + bindir);
}

}  // namespace pitr
