#include "basebackup/base/backup.h"

#include <ctime>

#include "basebackup/base/config_files.h"
#include "basebackup/base/meta_file.h"
#include "basebackup/base/set_wal.h"
#include "basebackup/copying/data_archive.h"
#include "basebackup/copying/end_backup.h"
#include "basebackup/copying/slot.h"
#include "basebackup/copying/standby.h"
#include "common/base/time_text.h"
#include "common/os/host_name.h"
#include "common/set/backup_meta.h"

namespace pitr {
namespace {

using Clock = std::chrono::system_clock;

// With --call-primary: the standby whose directory is copied, when it can be reached.
std::unique_ptr<Server> open_standby(const BackupOptions& options, const Cluster& cluster) {
  if (options.standby_host.empty()) return nullptr;
  std::unique_ptr<Server> standby;
  ServerAddress address = options.server;
  address.host = options.standby_host;
  if (!options.standby_port.empty()) address.port = options.standby_port;
  in_context("--standby-host " + options.standby_host, [&] {
    standby = std::make_unique<Server>(address, "pitr-base");
    require_server_of(*standby, cluster);
  });
  return standby;
}

// A backup whose WAL nobody keeps cannot be restored.
std::unique_ptr<ReplicationSlot> keep_wal(const BackupOptions& options, const Cluster& cluster,
                                          Server& server, Log& log) {
  if (!cluster.archiving_is_off || cluster.is_standby) return nullptr;
  if (!options.skip_wal) return std::make_unique<ReplicationSlot>(server, "", log);
  if (!options.no_archive) {
    fail(Exit::usage,
         "archive_mode is off and --skip-xlogs is given: nothing would keep the WAL that this backup needs; "
         "let it be bundled (--no-archive instead of --skip-xlogs), or give --no-archive, too, when "
         "pg_receivewal keeps it");
  }
  return nullptr;
}

// When and where the program was called.
struct Call {
  Clock::time_point time = Clock::now();
  std::string host = host_name();
};

// What its meta file tells; the caller knows how much was stored.
Meta describe_backup(const Call& call, const Cluster& cluster, const BackupSession& session,
                     const BackupEnd& end) {
  return {.min_xlog = end.label.start_file,
          .started = Clock::to_time_t(call.time),
          .timezone = expand_time("^Z", call.time),
          .hostname = call.host,
          .label = session.label(),
          .from = end.label.from_standby ? BackupFrom::standby : BackupFrom::primary,
          .start = end.wal.start,
          .stop = end.wal.end,
          .checkpoint = end.label.checkpoint,
          .start_time = session.start_time(),
          .stop_time = end.stop.time,
          .start_timeline = end.wal.timeline,
          .stop_timeline = end.wal.timeline,
          .system_identifier = cluster.control.system_identifier,
          .server_version = cluster.version,
          .segment_size = cluster.control.segment_size};
}

// The configuration of the server whose directory is copied. With --call-primary that is the standby, which
// may not be reachable; the primary's files lie on another host.
ConfigFiles read_config_of(Server& server, const std::unique_ptr<Server>& standby,
                           const BackupOptions& options, const Cluster& cluster, Log& log) {
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
  const Call call;
  const std::filesystem::path temporary_directory = options.temporary_directory;

  Server server(options.server, "pitr-base");
  Cluster cluster = look_at_cluster(server, options.data_directory,
                                    options.call_primary ? DataOf::its_standby : DataOf::server);
  const std::unique_ptr<Server> standby = open_standby(options, cluster);
  const std::unique_ptr<ReplicationSlot> slot = keep_wal(options, cluster, server, log);
  const SetNames names(options.filename_template, call.host, call.time);
  SetWriter set(
      {options.destinations, options.digests, temporary_directory, options.workers, cluster.openness}, names,
      log);

  Deliveries deliveries(options.delivery, names, options.digests, cluster.openness, log);

  // Staging exists before the backup starts: from then on no WAL that is archived may pass it by.
  const std::unique_ptr<Staging> staging =
      options.skip_wal ? nullptr : make_staging(options.staging, cluster.openness);
  WalSources sources{{}, staging.get(), options.wal_patience};
  if (!options.skip_wal) sources.places = open_wal_places(options.staging, options.sources, cluster.openness);
  const ConfigFiles config = read_config_of(server, standby, options, cluster, log);

  const std::string label = "pitr-base " + names.file(SetPart::data, Codec::none).text();
  std::optional<BackupSession> session;
  log.timed("SELECT pg_backup_start", [&] { session.emplace(server, label, options.fast_checkpoint); });
  choose_tablespaces(cluster, server);
  log.note("pg_backup_start('{}') returned {}|{}.", label, to_string(session->start()),
           WalName::segment(cluster.control.timeline, session->start(), cluster.control.segment_size).text());

  // Leaving from here on aborts the backup in the server.
  if (options.call_primary) {
    session->switch_wal();
    wait_for_restartpoint(
        cluster, session->start(), standby.get(), options.checkpoint_patience, [&] { session->keep_alive(); },
        log);
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

  // From the stop on the server is asked for nothing that is needed.
  const BackupEnd end = log.timed("SELECT pg_backup_stop", [&] { return end_backup(*session, cluster); });
  log.note("pg_backup_stop() returned {}.", to_string(end.stop.lsn));
  log.timed("Making data archive", [&] {
    data.write_tail(end);
    write_control(*data_tar, cluster, end.control);
    data_tar->finish();
  });
  const std::uint64_t bad_pages = report(data.pages().bad_pages(end.wal.start, end.wal.end), log);

  // Every data file is stored; what is still missing is the WAL that makes them consistent.
  std::optional<SetWal> wal = SetWal{};
  if (!options.skip_wal) {
    WalCollector collector(sources, cluster, &server, log);
    wal = log.timed("Making xlog archive", [&] {
      return write_set_wal(cluster, end.wal, collector, set, temporary_directory, log);
    });
  }

  Meta meta = describe_backup(call, cluster, *session, end);
  meta.state = wal ? SetState::complete : SetState::waiting;
  meta.data_directory = options.data_directory;
  meta.raw_bytes = data_tar->offset() + (wal ? wal->raw_bytes : 0);
  meta.bad_pages = bad_pages;
  bool everywhere = log.timed("Delivering meta files", [&] {
    const auto write_meta = [&](TarWriter& tar, const SetWriter::Stored& stored) {
      meta.stored_bytes = stored.bytes;
      write_meta_file(tar, cluster, meta, end.stop, data.manifest(), stored, config);
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
        "DIR --source ARCHIVE",
        label, names.file(SetPart::data, Codec::none).text());
  }
  if (!everywhere) return Exit::partly;
  if (!wal || wal->archive_is_behind) return Exit::late;
  return bad_pages > 0 ? Exit::damaged : Exit::done;
}

}  // namespace pitr
