#include "restore/removal.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "common/process.h"
#include "common/wal_archive.h"

namespace pitr {
namespace {

// What orders segments of all timelines: the digits behind the timeline.
std::string_view position_digits(std::string_view name) { return name.substr(8, 16); }

struct Candidate {
  Name name;
  WalName wal;
  Codec codec;
};

// A segment or a .partial in any codec; null for everything else.
std::optional<Candidate> candidate(const Name& name) {
  for (const Codec codec : all_codecs()) {
    std::string_view text = name.text();
    if (!text.ends_with(suffix(codec))) continue;
    text.remove_suffix(suffix(codec).size());
    const auto wal = WalName::parse(text);
    if (wal && (wal->kind() == WalKind::segment || wal->kind() == WalKind::partial)) {
      return Candidate{name, *wal, codec};
    }
  }
  return std::nullopt;
}

bool older(const Candidate& one, const Candidate& other) {
  const auto left = position_digits(one.wal.text());
  const auto right = position_digits(other.wal.text());
  return left != right ? left < right : one.name < other.name;
}

// The `most` oldest that are not needed, in order. Holds no more names than that.
std::vector<Candidate> oldest_unneeded(Store& store, const WalName& oldest_kept, std::size_t most) {
  std::vector<Candidate> oldest;
  store.list("", [&](const Name& name) {
    auto found = candidate(name);
    if (!found || position_digits(found->wal.text()) >= position_digits(oldest_kept.text())) return true;
    oldest.insert(std::ranges::upper_bound(oldest, *found, older), std::move(*found));
    if (oldest.size() > most) oldest.pop_back();
    return true;
  });
  return oldest;
}

// In the temporary directory everybody may have prepared whatever has a name that can be guessed.
class PrivateDirectory {
 public:
  explicit PrivateDirectory(const std::filesystem::path& parent)
      : path_((parent / "pitr-restore.XXXXXX").native()) {
    if (::mkdtemp(path_.data()) == nullptr) fail(Exit::failed, "create {}: {}", path_, errno_text(errno));
  }
  ~PrivateDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  std::filesystem::path path() const { return path_; }

 private:
  std::string path_;
};

// Gives the command the segment, uncompressed, as the relative path pg_wal/NAME. Null of its exit status is success.
bool process(Store& store, const Candidate& candidate, const Removal& removal, Log& log) {
  if (removal.before_each.empty()) return true;
  auto source = store.open(candidate.name);
  if (!source) return true;  // removed meanwhile, by whoever else cleans up here
  const PrivateDirectory directory(removal.temporary_directory);
  const std::filesystem::path file = directory.path() / "pg_wal" / candidate.wal.text();
  create_directories(file.parent_path(), 0700);
  read_wal(store, {candidate.codec, candidate.name, std::move(source)}, {candidate.wal, {}, true, {}},
           std::make_unique<AtomicFile>(file, AtomicFile::Existing::replace, 0600, AtomicFile::Durable::no));
  // The command is the DBA's own, a shell line as PostgreSQL's are; the name goes in as data.
  const std::string line = removal.before_each + " \"$1\"";
  const int status = run({"/bin/sh", "-c", line, "pitr-restore", "pg_wal/" + candidate.wal.text()},
                         directory.path());
  if (status != 0) log.error("{} for {}: exit status {}; it stays", removal.before_each, candidate.wal.text(), status);
  return status == 0;
}

}  // namespace

void remove_unneeded(Store& store, const Removal& removal, Log& log) {
  if (!removal.pause_trigger.empty() && is_there(removal.pause_trigger)) {
    log.note("Removal is paused: {} exists", removal.pause_trigger.native());
    return;
  }
  const auto most = static_cast<std::size_t>(removal.at_a_time);
  for (const Candidate& candidate : oldest_unneeded(store, removal.oldest_kept, most)) {
    if (!process(store, candidate, removal, log)) return;
    store.remove(candidate.name);
    log.note("Segment {} removed, the oldest needed is {}", candidate.name.text(), removal.oldest_kept.text());
  }
}

}  // namespace pitr
