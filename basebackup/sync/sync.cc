#include "basebackup/sync/sync.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "basebackup/copying/data_archive.h"
#include "basebackup/copying/end_backup.h"
#include "basebackup/copying/slot.h"
#include "basebackup/copying/wal_bundle.h"
#include "common/base/time_text.h"
#include "common/os/text_file.h"

namespace pitr {
namespace {

std::vector<std::unique_ptr<CopyOutput>> open_outputs(const SyncOptions& options) {
  FarPrograms programs = options.programs;
  if (!options.copy.wal_sources.empty()) programs.another = "pitr-restore";
  std::vector<std::unique_ptr<CopyOutput>> outputs;
  for (const std::string& place : options.outputs) {
    outputs.push_back(std::make_unique<CopyOutput>(place, options.remote, programs));
  }
  return outputs;
}

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

bool is_confirmed() {
  say("Type YES to go on: ");
  char answer[16] = "";
  return std::fgets(answer, sizeof answer, stdin) != nullptr && std::string_view(answer) == "YES\n";
}

// What a copy lacks, and what its server will want.
void warn(const SyncOptions& options, Server& server, const Cluster& cluster, Log& log) {
  for (const char* name : {"config_file", "hba_file", "ident_file"}) {
    const std::string path = server.setting(name);
    if (!path.empty() && !lies_within(path, cluster.data_directory)) {
      log.error("{} lies outside the data directory and is in no copy: a server there needs its own", path);
    }
  }
  if (options.copy.standby && options.copy.slot.empty() && options.copy.wal_sources.empty()) {
    log.error(
        "WAL that a standby has not fetched yet is kept by nothing but wal_keep_size = {}: --slot or "
        "--wal-source would let it start later",
        server.setting("wal_keep_size"));
  }
}

void write_settings(TarWriter& tar, const Cluster& cluster, const ServerSettings& settings, bool standby) {
  const std::string old = read_text_if_there(cluster.data_directory / "postgresql.auto.conf", 0);
  const std::string text = with_settings(old, "pitr-sync", settings);
  // The later member of a name wins.
  tar.add(cluster.own_file("postgresql.auto.conf", text.size()), as_bytes(text));
  if (standby) tar.add(cluster.own_file("standby.signal", 0));
}

// The copy, from here on in one stream.
class Copying {
 public:
  Copying(const SyncOptions& options, Cluster& cluster, Server& server, Log& log)
      : options_(options), cluster_(cluster), server_(server), log_(log) {}

  Exit run(CopyOutputs& outputs, ReplicationSlot& slot, const ServerSettings& settings) {
    TarWriter tar(compress(options_.compression, options_.workers, std::make_unique<BorrowedSink>(outputs)));
    // Staging exists before the backup starts: from then on no WAL that is archived may pass it by.
    const std::unique_ptr<Staging> staging = make_staging(options_.staging, cluster_.openness);
    WalSources sources{{}, staging.get(), options_.wal_patience};
    sources.places = open_wal_places(options_.staging, options_.sources, cluster_.openness);

    PageCheck pages(cluster_.control);
    const BackupEnd end = by_rsync() ? bring_data(tar, outputs, pages) : copy_data(tar, pages);
    WalCollector collector(sources, cluster_, &server_, log_);
    const auto wal = log_.timed("Copying xlogs", [&] {
      return write_wal(cluster_, end.wal, collector, tar, options_.temporary_directory);
    });
    write_settings(tar, cluster_, settings, options_.copy.standby);
    slot.create();
    // Last, and under a name that no server knows: the far side changes it when all else is durable.
    write_control(tar, cluster_, end.control, "global/pg_control.unfinished");
    log_.timed("Waiting for the outputs", [&] { tar.finish(); });
    const std::uint64_t bad_pages = report(pages.bad_pages(end.wal.start, end.wal.end), log_);
    if (wal == WalCollector::From::pg_wal) return Exit::late;
    return bad_pages > 0 ? Exit::damaged : Exit::done;
  }

 private:
  bool by_rsync() const { return !options_.programs.rsync.program.empty(); }

  void start(std::optional<BackupSession>& session) {
    const std::string label =
        "pitr-sync " + expand_time("^Y-^m-^d ^H:^M:^S", std::chrono::system_clock::now());
    log_.timed("SELECT pg_backup_start", [&] { session.emplace(server_, label, options_.fast_checkpoint); });
    // Leaving from here on aborts the backup in the server.
    choose_tablespaces(cluster_, server_);
  }

  BackupEnd stop(BackupSession& session) {
    BackupEnd end = log_.timed("SELECT pg_backup_stop", [&] { return end_backup(session, cluster_); });
    end.stop.tablespace_map.clear();  // the links lead where they should already
    return end;
  }

  // Everything in the stream.
  BackupEnd copy_data(TarWriter& tar, PageCheck& pages) {
    DataArchive data(cluster_, tar, options_.temporary_directory);
    std::optional<BackupSession> session;
    start(session);
    Pace pace(options_.pace, 0, cluster_.openness.file);
    log_.timed("Copying $PGDATA", [&] {
      data.write_data([&](std::size_t bytes) {
        session->keep_alive();
        pace.advance(bytes);
      });
    });
    const BackupEnd end = stop(*session);
    data.write_tail(end);
    pages = data.pages();
    return end;
  }

  // rsync brings the files, with a rate of its own, and later bytes maybe than those whose pages are looked
  // at: there is no manifest.
  BackupEnd bring_data(TarWriter& tar, CopyOutputs& outputs, PageCheck& pages) {
    std::optional<BackupSession> session;
    start(session);
    FileLists lists = list_files(cluster_.data_directory, cluster_.walk, options_.temporary_directory);
    log_.timed("Sending differences", [&] { outputs.bring(lists, [&] { session->keep_alive(); }); });
    log_.timed("Checking $PGDATA", [&] {
      pages = write_links_and_check_pages(cluster_, tar, [&](std::size_t) { session->keep_alive(); });
    });
    const BackupEnd end = stop(*session);
    write_label(tar, cluster_, end.stop);
    return end;
  }

  const SyncOptions& options_;
  Cluster& cluster_;
  Server& server_;
  Log& log_;
};

}  // namespace

Exit sync_cluster(const SyncOptions& options, Log& log) {
  Server server(options.server, "pitr-sync");
  Cluster cluster = look_at_cluster(server, options.data_directory, DataOf::server);
  const auto tablespaces = place_tablespaces(options.maps, tablespaces_of(server), cluster.data_directory);
  lay_out_in_place(cluster, tablespaces);

  const bool is_elsewhere = std::ranges::any_of(
      options.outputs, [](const auto& place) { return !means_this_host(host_of(place)); });
  const ServerSettings settings = settings_of_copy(options.copy, server.address(), is_elsewhere);
  auto opened = open_outputs(options);
  // Every output is looked at before any is touched.
  std::string plan;
  for (const auto& output : opened) {
    for (const std::string& line : output->look(cluster, tablespaces)) plan += line + "\n";
  }
  say(plan);
  warn(options, server, cluster, log);
  if (options.ask && !is_confirmed()) fail(Exit::failed, "no YES: nothing was touched");

  ReplicationSlot slot(server, options.copy.slot, log);
  CopyOutputs outputs(std::move(opened), log);
  outputs.clear();
  const Exit result = Copying(options, cluster, server, log).run(outputs, slot, settings);
  slot.keep();
  return outputs.any_failed() ? Exit::partly : result;
}

}  // namespace pitr
