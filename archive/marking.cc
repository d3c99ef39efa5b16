#include "archive/marking.h"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "common/os/file_source.h"

namespace pitr {
namespace {

// One place per line. Losing the file costs the protection against an unmounted disk on the first archiving.
std::filesystem::path memory_path(const std::filesystem::path& state_directory) {
  return state_directory / "marked-destinations";
}

std::string read_memory(const std::filesystem::path& state_directory) {
  std::string text;
  Fd file = open_if_there(memory_path(state_directory), O_RDONLY | O_NOFOLLOW);
  if (!file) return text;
  FileSource source(std::move(file));
  StringSink sink(text);
  copy(source, sink);
  // Written by hand, perhaps: its last line must not run into the next one.
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

bool remembers(const std::string& memory, const std::string& place) {
  return ("\n" + memory).find("\n" + place + "\n") != std::string::npos;
}

void remember(const Store& store, const std::filesystem::path& state_directory, Openness openness) {
  const std::string place = store.describe();
  const std::string memory = read_memory(state_directory);
  if (remembers(memory, place)) return;
  create_directories(state_directory, openness.directory);
  AtomicFile file(memory_path(state_directory), AtomicFile::Existing::replace, openness.file);
  file.write(as_bytes(memory));
  file.write(as_bytes(place + "\n"));
  file.finish();
}

// Archiving goes on without the memory; it only guards against a disk that is not mounted one day.
void remember_if_possible(const Store& store, const std::filesystem::path& state_directory, Openness openness,
                          Log& log) {
  if (state_directory.empty()) return;
  try {
    remember(store, state_directory, openness);
  } catch (const Error& error) {
    log.error("{}", error.what());
  }
}

// True as well when there is nothing that could be asked.
bool is_remembered(const Store& store, const std::filesystem::path& state_directory, Log& log) {
  if (state_directory.empty()) return true;
  try {
    return remembers(read_memory(state_directory), store.describe());
  } catch (const Error& error) {
    log.error("{}", error.what());
    return true;
  }
}

[[noreturn]] void refuse(const Store& store, std::string_view reason) {
  const std::string place = store.describe();
  fail(Exit::failed, "{}: {} (if it is the right directory: pitr-archive --init {} {})", place, reason,
       place.starts_with('/') ? "-dl" : "-dr", place);
}

[[noreturn]] void refuse_other_cluster(const Store& store, const ClusterIdentity& there,
                                       const ClusterIdentity& ours) {
  fail(Exit::failed,
       "{}: is the archive of cluster {}, this WAL is of {} (after pg_upgrade use a new directory)",
       store.describe(), there.system_identifier, ours.system_identifier);
}

}  // namespace

void require_marker(Store& store, const std::optional<ClusterIdentity>& identity,
                    const std::filesystem::path& state_directory, Openness openness, Log& log,
                    const std::function<void()>& complete) {
  if (const auto marked = read_marker(store)) {
    if (identity && *marked != *identity) refuse_other_cluster(store, *marked, *identity);
    if (is_remembered(store, state_directory, log)) return;
    // Whoever marked it may have died right behind it.
    return mark(store, *marked, state_directory, openness, log, complete);
  }
  if (!identity || state_directory.empty()) refuse(store, "has no marker pitr-archive.id");
  if (remembers(read_memory(state_directory), store.describe())) {
    refuse(store, "lost its marker pitr-archive.id; is its disk mounted?");
  }
  // Segments of another cluster are refused by mark().
  if (!is_empty_place(store) && !any_segment_header(store)) {
    refuse(store, "has no marker pitr-archive.id, and what lies in it is no WAL");
  }
  mark(store, *identity, state_directory, openness, log, complete);
}

void require_spool(const std::filesystem::path& spool, const ClusterIdentity& identity,
                   const std::filesystem::path& state_directory, Openness openness, Log& log) {
  if (is_there(spool / marker_name)) {
    return require_marker(*open_directory(spool, openness), identity, state_directory, openness, log, [] {});
  }
  if (remembers(read_memory(state_directory), normal_path(spool).native())) {
    fail(Exit::failed,
         "{}: the spool lost its marker {}; is its disk mounted? (if what waited in it is lost: remove its "
         "line from {})",
         spool.native(), marker_name, memory_path(state_directory).native());
  }
  // A spool that is full has no room for the marker either.
  try {
    create_directories(spool, openness.directory);
    mark(*open_directory(normal_path(spool), openness), identity, state_directory, openness, log, [] {});
  } catch (const Error& error) {
    log.error("{}", error.what());
  }
}

void mark(Store& store, const ClusterIdentity& identity, const std::filesystem::path& state_directory,
          Openness openness, Log& log, const std::function<void()>& complete) {
  if (const auto marked = read_marker(store)) {
    if (*marked != identity) refuse_other_cluster(store, *marked, identity);
  } else {
    if (!is_empty_place(store)) require_same_cluster(store, identity);
    write_marker(store, identity);
  }
  // Whatever this run or a dead one left of the marking is gone before it is remembered.
  store.sync(marker());
  complete();
  remember_if_possible(store, state_directory, openness, log);
}

}  // namespace pitr
