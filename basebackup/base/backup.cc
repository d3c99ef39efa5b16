#include "basebackup/base/backup.h"

#include <unistd.h>

#include <array>
#include <ctime>

#include "basebackup/base/config_files.h"
#include "basebackup/base/meta_file.h"
#include "basebackup/base/set_wal.h"
#include "basebackup/copying/data_archive.h"
#include "basebackup/copying/standby.h"
#include "common/base/time_text.h"
#include "common/postgres/backup_label.h"
#include "common/set/backup_meta.h"

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

ServerAddress address_of_standby(const BackupOptions& options) {
  ServerAddress address = options.server;
  address.host = options.standby_host;
  return address;
}

// The configuration of the server whose directory is copied. With --call-primary that is the standby, which
// may not be reachable; the primary's files lie on another host.
ConfigFiles read_config_of(Server& server, std::optional<Server>& standby, const BackupOptions& options,
                           const Cluster& cluster, Log& log) {
  if (!options.call_primary) return read_config_files(server, cluster.data_directory, log);
  if (standby) return read_config_files(*standby, cluster.data_directory, log);
  log.note("Configuration outside the data directory is not in the set: --standby-host is not given.");
  return {};
}

// How much there is to copy, when somebody wants to know: costs a look at every file.
std::uint64_t expected_bytes(const BackupOptions& options, const Cluster& cluster) {
  std::uint64_t bytes = 0;
  if (!options.pace.on_terminal && options.pace.progress_file.empty()) return bytes;
  walk_data_directory(cluster.data_directory, cluster.walk, [&](const Entry& entry) {
    if (entry.kind == Entry::Kind::file) bytes += static_cast<std::uint64_t>(entry.status.st_size);
  });
  return bytes;
}

}  // namespace

Exit take_backup(const BackupOptions& options, Log& log) {
  const Clock::time_point called = Clock::now();
  const std::string host = hostname();
  const std::filesystem::path temporary_directory = options.temporary_directory;

  Server server(options.server, "pitr-base");
  std::optional<Server> standby;
  if (!options.standby_host.empty()) standby.emplace(address_of_standby(options), "pitr-base");
  const Cluster cluster = look_at_cluster(server, options.data_directory,
                                          options.call_primary ? DataOf::its_standby : DataOf::server);
  const SetNames names(options.filename_template, host, called);
  SetWriter set(
      {options.destinations, options.digests, temporary_directory, options.workers, cluster.openness}, names,
      log);

  Deliveries deliveries(options.delivery, names, options.digests, cluster.openness, log);

  // Staging exists before the backup starts: from then on no WAL that is archived may pass it by.
  const std::unique_ptr<Staging> staging =
      options.skip_wal ? nullptr : make_staging(options.staging, cluster.openness);
  WalSources sources{{}, staging.get(), options.wal_patience};
  if (!options.skip_wal) sources.places = open_wal_places(options.staging, options.sources, cluster.openness);

  const std::time_t start_time = server_time(server);
  const std::string label = "pitr-base " + names.file(SetPart::data, Codec::none).text();
  std::optional<BackupSession> session;
  log.timed("SELECT pg_backup_start", [&] { session.emplace(server, label, options.fast_checkpoint); });
  log.note("pg_backup_start('{}') returned {}|{}.", label, to_string(session->start()),
           WalName::segment(cluster.control.timeline, session->start(), cluster.control.segment_size).text());

  // Leaving from here on aborts the backup in the server.
  if (options.call_primary) {
    wait_for_restartpoint(
        cluster, session->start(), standby ? &*standby : nullptr, options.checkpoint_patience,
        [&] { session->keep_alive(); }, log);
  }
  const auto data_tar = set.create(SetPart::data);
  DataArchive data(cluster, *data_tar, temporary_directory);
  Pace pace(options.pace, expected_bytes(options, cluster), cluster.openness.file);
  log.timed("Compressing $PGDATA", [&] {
    data.write_data([&](std::size_t bytes) {
      session->keep_alive();
      pace.advance(bytes);
    });
  });

  const StopResult stop = log.timed("SELECT pg_backup_stop", [&] { return session->stop(); });
  const std::time_t stop_time = server_time(server);
  log.note("pg_backup_stop() returned {}.", to_string(stop.lsn));
  const BackupLabel start = parse_backup_label(stop.backup_label);
  const ControlFile control = read_control_file(cluster.data_directory);
  if (options.call_primary || cluster.is_standby) require_still_standby(cluster, control);
  // A set of a standby is consistent at the minRecoveryPoint of the pg_control in it.
  const Lsn end = start.from_standby ? std::max(stop.lsn, control.min_recovery_point) : stop.lsn;
  const WalRange range{start.timeline, start.start, end};
  log.timed("Making data archive", [&] {
    data.write_label(stop, control, range);
    data.write_control(control);
    data_tar->finish();
  });
  const std::uint64_t bad_pages = report(data.bad_pages(range.start, range.end), log);

  // Every data file is stored; what is still missing is the WAL that makes them consistent.
  std::optional<SetWal> wal = SetWal{};
  if (!options.skip_wal) {
    WalCollector collector(sources, cluster, &server, log);
    wal = log.timed("Making xlog archive",
                    [&] { return write_set_wal(cluster, range, collector, set, temporary_directory, log); });
  }

  const ConfigFiles config = read_config_of(server, standby, options, cluster, log);
  Meta meta{.min_xlog = start.start_file,
            .started = Clock::to_time_t(called),
            .timezone = expand_time("^Z", called),
            .hostname = host,
            .state = wal ? SetState::complete : SetState::waiting,
            .label = label,
            .from = start.from_standby ? BackupFrom::standby : BackupFrom::primary,
            .start = start.start,
            .stop = range.end,
            .checkpoint = start.checkpoint,
            .start_time = start_time,
            .stop_time = stop_time,
            .start_timeline = start.timeline,
            .stop_timeline = start.timeline,
            .system_identifier = cluster.control.system_identifier,
            .server_version = cluster.version,
            .segment_size = cluster.control.segment_size,
            .data_directory = options.data_directory,
            .raw_bytes = data_tar->raw_bytes() + (wal ? wal->raw_bytes : 0),
            .stored_bytes = 0,
            .bad_pages = bad_pages};
  bool everywhere = log.timed("Delivering meta files", [&] {
    const auto write_meta = [&](TarWriter& tar, const SetWriter::Stored& stored) {
      meta.stored_bytes = stored.bytes;
      write_meta_file(tar, cluster, meta, stop, data.manifest(), stored, config);
    };
    return wal ? set.publish(write_meta) : set.publish_waiting(write_meta);
  });
  if (!options.delivery.places.empty()) {
    everywhere &= log.timed("Delivering to all remote destinations", [&] {
      return deliveries.run(wal ? SetPart::meta : SetPart::waiting, set.complete_places());
    });
  }
  if (!wal) {
    log.error(
        "{} is no backup yet: it waits for its WAL. When that is archived: pitr-base --finish {} --dst-local "
        "DIR "
        "--source ARCHIVE",
        label, names.file(SetPart::data, Codec::none).text());
  }
  if (!everywhere) return Exit::partly;
  if (!wal || wal->archive_is_behind) return Exit::late;
  return bad_pages > 0 ? Exit::damaged : Exit::done;
}

}  // namespace pitr
