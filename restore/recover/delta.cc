#include "restore/recover/delta.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <sstream>

#include "common/os/fd.h"
#include "common/os/file.h"
#include "common/os/file_source.h"
#include "common/os/parallel_for.h"
#include "common/os/signals.h"
#include "common/os/text_file.h"
#include "common/postgres/control_file.h"
#include "restore/recover/file_checksum.h"
#include "restore/recover/free_place.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view identifier_key = "System-Identifier: ", rescued_key = "Rescued-WAL: ";

void require_own_tablespace(const fs::path& data_directory, const Tablespace& tablespace) {
  std::error_code code;
  if (!is_there(tablespace.target) || fs::is_empty(tablespace.target, code)) return;
  const fs::path link = data_directory / "pg_tblspc" / tablespace.oid;
  if (fs::equivalent(link, tablespace.target, code) && !code) return;
  fail(Exit::usage, "tablespace {}: {} is not empty, and {} does not lead there (give --tablespace {}=DIR)",
       tablespace.oid, tablespace.target.native(), link.native(), tablespace.original);
}

// A directory whose files the manifest has under `prefix`.
struct Part {
  fs::path root;
  std::string prefix;
};

std::vector<Part> parts(const fs::path& data_directory, const DeltaTablespaces& tablespaces,
                        const SetContents& contents) {
  std::vector<Part> result;
  // First, while their links are there: a run that is interrupted must find them again.
  for (const Tablespace& left : tablespaces.left)
    result.push_back({left.target, "pg_tblspc/" + left.oid + "/" + left.target.filename().native() + "/"});
  result.push_back({data_directory, ""});
  // On a disk of its own it stays there.
  if (fs::is_symlink(data_directory / "pg_wal"))
    result.push_back({fs::canonical(data_directory / "pg_wal"), "pg_wal/"});
  for (const Tablespace& tablespace : tablespaces.of_backup) {
    // Another major's directory beside ours is not ours.
    const std::string prefix = "pg_tblspc/" + tablespace.oid + "/";
    std::string version;
    for (const auto& [path, file] : contents.files) {
      if (!path.starts_with(prefix)) continue;
      version = path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size());
      break;
    }
    if (!version.empty() && is_there(tablespace.target / version)) {
      result.push_back({tablespace.target / version, prefix + version + "/"});
    }
  }
  return result;
}

struct Listing {
  std::vector<std::pair<fs::path, std::string>> files;  // regular ones, and their paths in the manifest
  std::vector<fs::path> others;                         // links, sockets
  std::vector<fs::path> directories;                    // a directory before what is in it
};

Listing list(const Part& part) {
  Listing result;
  std::error_code code;
  for (fs::recursive_directory_iterator entry(part.root, code), end; !code && entry != end;
       entry.increment(code)) {
    throw_if_signalled();
    const fs::file_status status = entry->symlink_status();
    if (fs::is_directory(status)) {
      result.directories.push_back(entry->path());
    } else if (fs::is_regular_file(status)) {
      result.files.emplace_back(entry->path(),
                                part.prefix + entry->path().lexically_relative(part.root).native());
    } else if (entry->path() != part.root / "pg_wal") {
      result.others.push_back(entry->path());
    }
  }
  if (code) fail(Exit::failed, "list {}: {}", part.root.native(), errno_text(code.value()));
  return result;
}

bool is_right(const fs::path& path, const ExpectedFile& expected,
              const std::function<void(std::size_t)>& each) {
  FileSource source = open_regular(path);
  if (source.file_size() != expected.size || expected.algorithm == "NONE") return false;
  FileChecksum checksum(expected.algorithm);
  std::vector<std::byte> buffer(256 * 1024);
  for (std::size_t n = source.read(buffer); n > 0; n = source.read(buffer)) {
    checksum.update(Bytes(buffer).first(n));
    each(n);
  }
  return checksum.hex() == expected.checksum;
}

void remove_if_empty(const fs::path& directory) {
  std::error_code code;
  if (!fs::is_empty(directory, code) || code) return;
  remove_at(open_file(directory.parent_path(), O_RDONLY | O_DIRECTORY), directory.filename(),
            Removed::directory);
}

}  // namespace

std::optional<Incomplete> read_incomplete(const fs::path& data_directory) {
  if (!is_there(data_directory / incomplete_name)) return std::nullopt;
  Incomplete mark;
  std::istringstream text(read_text_if_there(data_directory / incomplete_name, O_NOFOLLOW));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(identifier_key)) {
      const char* const end = line.data() + line.size();
      std::from_chars(line.data() + identifier_key.size(), end, mark.system_identifier);
    } else if (line.starts_with(rescued_key)) {
      mark.rescued.emplace_back(line.substr(rescued_key.size()));
    }
  }
  return mark;
}

void require_left_behind(const fs::path& data_directory, std::uint64_t system_identifier,
                         const std::vector<Tablespace>& tablespaces) {
  require_stopped(data_directory);
  const auto mark = read_incomplete(data_directory);
  if (!mark || mark->system_identifier != system_identifier) {
    if (!is_there(data_directory / "global" / "pg_control")) {
      fail(Exit::usage,
           "{}: it is no data directory of a cluster (no global/pg_control): --delta would remove what is in "
           "it",
           data_directory.native());
    }
    const std::uint64_t found = read_cluster_identity(data_directory).system_identifier;
    if (found != system_identifier) {
      fail(Exit::usage, "{}: it is of cluster {}, the backup is of cluster {}", data_directory.native(),
           found, system_identifier);
    }
  }
  for (const Tablespace& tablespace : tablespaces) require_own_tablespace(data_directory, tablespace);
}

std::vector<Tablespace> left_tablespaces(const fs::path& data_directory,
                                         const std::vector<Tablespace>& of_backup,
                                         const std::string& server_version) {
  std::vector<Tablespace> left;
  const fs::path links = data_directory / "pg_tblspc";
  if (!is_there(links)) return left;
  const std::string prefix = "PG_" + server_version.substr(0, server_version.find('.')) + "_";
  for (const fs::directory_entry& link : fs::directory_iterator(links)) {
    const std::string oid = link.path().filename();
    if (!link.is_symlink() || std::ranges::find(of_backup, oid, &Tablespace::oid) != of_backup.end())
      continue;
    const fs::path location = fs::read_symlink(link.path());
    if (!is_there(location)) continue;
    for (const fs::directory_entry& version : fs::directory_iterator(location)) {
      if (version.path().filename().native().starts_with(prefix))
        left.push_back({oid, location.native(), version.path()});
    }
  }
  return left;
}

void mark_incomplete(const fs::path& data_directory, const Incomplete& mark, mode_t mode) {
  std::string text = fmt::format("{}{}\n", identifier_key, mark.system_identifier);
  for (const fs::path& directory : mark.rescued) {
    if (directory.native().find('\n') != std::string::npos)
      fail(Exit::usage, "--rescue-dir {}: its name has a line break", directory.native());
    text += fmt::format("{}{}\n", rescued_key, directory.native());
  }
  AtomicFile file(data_directory / incomplete_name, AtomicFile::Existing::replace, mode);
  file.write(as_bytes(text));
  file.finish();
}

std::size_t keep_what_is_right(const fs::path& data_directory, const DeltaTablespaces& tablespaces,
                               SetContents& contents, std::size_t workers,
                               const std::function<void(std::size_t)>& each) {
  // Without it nothing of this starts any more, whatever happens from here on.
  remove_file(data_directory / "global" / "pg_control");
  if (is_there(data_directory / "global")) sync_directory(data_directory / "global");
  std::size_t kept = 0;
  std::mutex mutex;
  const auto count = [&](std::size_t bytes) {
    const std::lock_guard lock(mutex);
    each(bytes);
  };
  for (const Part& part : parts(data_directory, tablespaces, contents)) {
    Listing listing = list(part);
    for (const fs::path& path : listing.others) remove_file(path);
    std::erase_if(listing.files, [](const auto& file) { return file.second == incomplete_name; });
    parallel_for(listing.files.size(), workers, [&](std::size_t i) {
      throw_if_signalled();
      const auto& [path, name] = listing.files[i];
      const auto expected = contents.files.find(name);
      if (expected != contents.files.end() && is_right(path, expected->second, count)) {
        const std::lock_guard lock(mutex);
        expected->second.is_there = true;
        ++kept;
      } else {
        remove_file(path);
      }
    });
    for (auto directory = listing.directories.rbegin(); directory != listing.directories.rend();
         ++directory) {
      remove_if_empty(*directory);
    }
  }
  for (const Tablespace& left : tablespaces.left) remove_if_empty(left.target);
  return kept;
}

}  // namespace pitr
