#include "basebackup/base/finish.h"

#include "basebackup/base/meta_file.h"
#include "basebackup/base/set_wal.h"
#include "common/base/survivors.h"
#include "common/set/backup_catalog.h"
#include "common/store/decompressed_file.h"
#include "common/store/place.h"

namespace pitr {
namespace {

// What a waiting file holds for the one that completes the set.
struct Waiting {
  explicit Waiting(const std::filesystem::path& temporary_directory) : index(temporary_directory) {}
  SpoolFile index;
  std::map<std::string, std::string> digests;
  TarEntry attributes;  // of our own files
};

void read_waiting(Store& store, const Name& file, Waiting& waiting) {
  read_meta_members(store, file, [&](const TarEntry& member, Source& content) {
    if (member.path == "meta") waiting.attributes = member;
    if (member.path == "index") copy(content, waiting.index);
    if (member.path.starts_with(kept_digests)) {
      StringSink sink(waiting.digests[member.path.substr(kept_digests.size())]);
      copy(content, sink);
    }
    return true;
  });
}

// The cluster as far as the set tells of it.
Cluster cluster_of(const Meta& meta, const TarEntry& attributes, const std::string& data_directory) {
  ControlFile control{.bytes = {},
                      .system_identifier = meta.system_identifier,
                      .checkpoint = meta.checkpoint,
                      .redo = meta.start,
                      .timeline = meta.start_timeline,
                      .segment_size = meta.segment_size};
  struct stat owner {};
  owner.st_uid = attributes.owner;
  owner.st_gid = attributes.group;
  const mode_t group_may_read = attributes.mode & 0040U;
  return {.data_directory = data_directory,
          .top = (std::filesystem::path(meta.data_directory) / "")
                     .lexically_normal()
                     .parent_path()
                     .filename()
                     .native(),
          .major = 0,
          .version = meta.server_version,
          .control = control,
          .openness = group_may_read != 0 ? Openness{0640, 0750} : Openness{},
          .walk = {},
          .is_standby = false,
          .owner = owner};
}

void require_same_cluster(const std::string& data_directory, const Meta& meta) {
  if (data_directory.empty()) return;
  const std::uint64_t identifier = read_cluster_identity(data_directory).system_identifier;
  if (identifier != meta.system_identifier) {
    fail(Exit::failed, "{}: is of cluster {}, the backup is of cluster {}", data_directory, identifier,
         meta.system_identifier);
  }
}

class Finisher {
 public:
  Finisher(const FinishOptions& options, const Place& place, Log& log)
      : options_(options), place_(place), log_(log), store_(open_store(place, {})) {}

  // done, late (the archive is behind, but the set is complete), or null: WAL is missing still.
  std::optional<Exit> run() {
    const std::string described = store_->describe();
    const Catalog before = read_catalog(*store_);
    const BackupSet& found = set_named(before, options_.name);
    if (found.meta.state == SetState::complete) {
      remove_waiting_file_of(found);
      log_.note("{} in {} is complete.", found.name, described);
      return Exit::done;
    }
    const Fd lock = store_->lock(found.meta_file);
    // Another run may have finished it while we waited for the lock.
    const Catalog catalog = read_catalog(*store_);
    const BackupSet& set = set_named(catalog, options_.name);
    if (set.meta.state == SetState::complete) return Exit::done;
    return complete(set);
  }

 private:
  std::optional<Exit> complete(const BackupSet& set) {
    if (!set.data) fail(Exit::damaged, "{}: its data file is not there", store_->describe(set.meta_file));
    require_same_cluster(options_.data_directory, set.meta);
    Waiting waiting(options_.temporary_directory);
    read_waiting(*store_, set.meta_file, waiting);
    const Cluster cluster = cluster_of(set.meta, waiting.attributes, options_.data_directory);
    const BegunSet begun{waiting.index, waiting.digests, set.meta.stored_bytes};
    std::vector<std::string> algorithms;
    for (const auto& [algorithm, text] : waiting.digests) algorithms.push_back(algorithm);
    Place destination = place_;
    destination.compression = {codec_of(*set.data), 0};
    SetWriter writer(
        {{destination}, algorithms, options_.temporary_directory, options_.workers, cluster.openness, &begun},
        names_of_set(set.meta_file, *set.data), log_);
    const auto wal = bundle(cluster, {set.meta.start_timeline, set.meta.start, set.meta.stop}, writer);
    if (!wal) return std::nullopt;
    writer.publish([&](TarWriter& tar, const SetWriter::Stored& stored) {
      Meta meta = set.meta;
      meta.state = SetState::complete;
      meta.raw_bytes += wal->raw_bytes;
      meta.stored_bytes = stored.bytes;
      write_meta(tar, set.meta_file, meta, stored);
    });
    store_->remove(set.meta_file);
    log_.note("{} in {} is complete now.", set.name, store_->describe());
    return wal->archive_is_behind ? Exit::late : Exit::done;
  }

  std::optional<SetWal> bundle(const Cluster& cluster, const WalRange& range, SetWriter& writer) {
    const WalSources sources{options_.sources, nullptr, options_.wal_patience};
    WalCollector collector(sources, cluster, nullptr, log_);
    return write_set_wal(cluster, range, collector, writer, options_.temporary_directory, log_);
  }

  // As the waiting file has it, but for what has changed.
  void write_meta(TarWriter& tar, const Name& waiting_file, const Meta& meta,
                  const SetWriter::Stored& stored) {
    read_meta_members(*store_, waiting_file, [&](const TarEntry& entry, Source& content) {
      if (entry.path.starts_with(kept_digests)) return true;
      TarMember member{.kind = Entry::Kind::file,
                       .path = entry.path,
                       .target = {},
                       .size = entry.size,
                       .mode = entry.mode,
                       .owner = entry.owner,
                       .group = entry.group,
                       .modified = {entry.modified, 0}};
      if (entry.path == "meta") {
        tar.add(member, as_bytes(format_meta(meta)));
      } else if (entry.path == "index") {
        member.size = stored.index.size();
        tar.add(member, *stored.index.reader());
      } else {
        tar.add(member, content);
      }
      return true;
    });
  }

  // A run that was killed behind the meta file has left it.
  void remove_waiting_file_of(const BackupSet& set) {
    if (set.data) store_->remove(names_of_set(set.meta_file, *set.data).file(SetPart::waiting, Codec::none));
  }

  const FinishOptions& options_;
  const Place& place_;
  Log& log_;
  std::unique_ptr<Store> store_;
};

}  // namespace

Exit finish_backup(const FinishOptions& options, Log& log) {
  std::size_t complete = 0;
  bool late = false;
  Survivors<const Place> places([&log](const Error& error, const Place*) { log.error("{}", error.what()); });
  for (const Place& place : options.places) places.add(std::make_unique<const Place>(place));
  places.each([&](const Place& place) {
    const auto result = Finisher(options, place, log).run();
    if (result) ++complete;
    if (result != Exit::done) late = true;
  });
  if (complete > 0 && complete < options.places.size()) return Exit::partly;
  if (late) return Exit::late;
  return complete > 0 ? Exit::done : Exit::failed;
}

}  // namespace pitr
