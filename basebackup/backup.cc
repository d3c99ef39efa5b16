#include "basebackup/backup.h"

#include <unistd.h>

#include <array>
#include <ctime>

#include "basebackup/config_files.h"
#include "basebackup/data_archive.h"
#include "basebackup/wal_bundle.h"
#include "common/backup_label.h"

namespace pitr {
namespace {

using Clock = std::chrono::system_clock;

std::string hostname() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) fail(Exit::failed, "hostname: {}", errno_text(errno));
  return name.data();
}

std::time_t server_time(Server& server) {
  return std::stoll(server.value("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"));
}

// Our own staging directory, when --xlogs names one that does not exist; null when it does, or none is named.
std::unique_ptr<Staging> make_staging(const std::string& path, Openness openness) {
  if (path.empty() || staging_state(path) == StagingState::standing) return nullptr;
  return std::make_unique<Staging>(path, openness.directory);
}

// Throws now, not after hours of copying, when one of the places cannot be reached.
WalSources wal_sources(const BackupOptions& options, const Staging* temporary, Openness openness) {
  WalSources sources{{}, temporary, options.wal_patience};
  if (!options.staging.empty()) sources.places.push_back({false, {}, options.staging});
  sources.places.insert(sources.places.end(), options.sources.begin(), options.sources.end());
  for (const Place& place : sources.places) open_store(place.place, openness);
  return sources;
}

void write_meta_file(TarWriter& tar, const Cluster& cluster, const Meta& meta, const StopResult& stop,
                     SpoolFile& manifest, SpoolFile& index, const ConfigFiles& config) {
  const auto attributes = [&](const std::string& path, std::uint64_t size) {
    TarMember member = cluster.own_file("", size);
    member.path = path;
    return member;
  };
  const auto add = [&](const std::string& path, std::string_view text) {
    tar.add(attributes(path, text.size()), as_bytes(text));
  };
  const auto add_spooled = [&](const std::string& path, SpoolFile& spool) {
    tar.add(attributes(path, spool.size()), *spool.reader());
  };
  add("meta", format_meta(meta));
  add("backup_label", stop.backup_label);
  add_spooled("backup_manifest", manifest);
  add_spooled("index", index);
  for (const ConfigFile& file : config.files) add("config/" + file.path.relative_path().native(), file.content);
  std::string not_copied;
  for (const std::string& line : config.not_copied) not_copied += line + "\n";
  if (!not_copied.empty()) add("config/NOT-COPIED", not_copied);
}

}  // namespace

Exit take_backup(const BackupOptions& options, Log& log) {
  const Clock::time_point called = Clock::now();
  const std::string host = hostname();
  const std::filesystem::path temporary_directory = options.temporary_directory;

  Server server(options.server, "pitr-base");
  const Cluster cluster = look_at_cluster(server, options.data_directory);
  const SetNames names(options.filename_template, host, called);
  SetWriter set({options.destinations, options.digests, temporary_directory, options.workers, cluster.openness}, names);

  // Staging exists before the backup starts: from then on no WAL that is archived may pass it by.
  const std::unique_ptr<Staging> staging =
      options.skip_wal ? nullptr : make_staging(options.staging, cluster.openness);
  const WalSources sources = wal_sources(options, staging.get(), cluster.openness);

  const std::time_t start_time = server_time(server);
  const std::string label = "pitr-base " + names.file(SetPart::data, Codec::none).text();
  std::optional<BackupSession> session;
  log.timed("SELECT pg_backup_start", [&] { session.emplace(server, label, options.fast_checkpoint); });
  log.note("pg_backup_start('{}') returned {}|{}.", label, to_string(session->start()),
           WalName::segment(cluster.control.timeline, session->start(), cluster.control.segment_size).text());

  // Leaving from here on aborts the backup in the server.
  DataArchive data(cluster, set, temporary_directory);
  log.timed("Compressing $PGDATA", [&] { data.write_data([&] { session->keep_alive(); }); });

  const StopResult stop = log.timed("SELECT pg_backup_stop", [&] { return session->stop(); });
  const std::time_t stop_time = server_time(server);
  log.note("pg_backup_stop() returned {}.", to_string(stop.lsn));
  const BackupLabel start = parse_backup_label(stop.backup_label);
  log.timed("Making data archive", [&] { data.write_tail(stop, start.timeline, start.start); });

  // Every data file is stored; what is still missing is the WAL that makes them consistent.
  WalBundle wal;
  if (!options.skip_wal) {
    WalCollector collector(sources, cluster, server, log);
    log.timed("Making xlog archive", [&] {
      wal = write_wal_bundle(cluster, {start.timeline, start.start, stop.lsn}, collector, set, temporary_directory);
    });
  }

  const ConfigFiles config = read_config_files(server, cluster.data_directory, log);
  Meta meta{.min_xlog = start.start_file,
            .started = Clock::to_time_t(called),
            .timezone = expand_time("^Z", called),
            .hostname = host,
            .state = SetState::complete,
            .label = label,
            .from = BackupFrom::primary,
            .start = start.start,
            .stop = stop.lsn,
            .checkpoint = start.checkpoint,
            .start_time = start_time,
            .stop_time = stop_time,
            .start_timeline = start.timeline,
            .stop_timeline = start.timeline,
            .system_identifier = cluster.control.system_identifier,
            .server_version = cluster.version,
            .segment_size = cluster.control.segment_size,
            .data_directory = options.data_directory,
            .raw_bytes = data.raw_bytes() + wal.raw_bytes,
            .stored_bytes = 0,
            .bad_pages = 0};
  log.timed("Delivering meta files", [&] {
    set.publish([&](TarWriter& tar, std::uint64_t stored_bytes, SpoolFile& index) {
      meta.stored_bytes = stored_bytes;
      write_meta_file(tar, cluster, meta, stop, data.manifest(), index, config);
    });
  });
  return wal.archive_is_behind ? Exit::late : Exit::done;
}

}  // namespace pitr
