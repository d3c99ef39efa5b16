#include "restore/recover/recovery_config.h"
#include "common/wal/restore_command.h"

#include <doctest/doctest.h>

#include "common/postgres/server_settings.h"

using namespace pitr;

namespace {

RecoveryConfig config() {
  RecoveryConfig config;
  config.restore_program = "/usr/bin/pitr-restore";
  config.sources = {parse_place("zstd=/backup/wal")};
  return config;
}

const ControlFile control{.bytes = {},
                          .system_identifier = 0,
                          .checkpoint = {},
                          .redo = {},
                          .timeline = Timeline{1},
                          .segment_size = *SegmentSize::of(1 << 20),
                          .max_connections = 100,
                          .max_worker_processes = 8,
                          .max_wal_senders = 10,
                          .max_prepared_transactions = 0,
                          .max_locks_per_transaction = 64};

}  // namespace

TEST_CASE("restore_command is quoted for the shell, and percent signs are doubled for the server") {
  RecoveryConfig with_odd_names = config();
  CHECK(restore_command(with_odd_names) == "/usr/bin/pitr-restore -s zstd=/backup/wal %f %p");
  with_odd_names.sources = {parse_place("/it's $HOME/100%"), parse_place("/b")};
  CHECK(restore_command(with_odd_names) == R"(/usr/bin/pitr-restore -s '/it'\''s $HOME/100%%' -s /b %f %p)");
  with_odd_names.prefetch_directory = "/data 1%.pitr-prefetch";
  CHECK(restore_command(with_odd_names) == R"(/usr/bin/pitr-restore -s '/it'\''s $HOME/100%%' -s /b )"
                                           R"(--prefetch-dir '/data 1%%.pitr-prefetch' %f %p)");
  with_odd_names.prefetch_directory.clear();
  with_odd_names.remote.ssh = "/usr/local/bin/ssh";
  CHECK(restore_command(with_odd_names).find("ssh") == std::string::npos);
  with_odd_names.sources = {parse_place("wal@backup:/wal")};
  with_odd_names.remote.timeout = std::chrono::seconds(5);
  CHECK(restore_command(with_odd_names) ==
        "/usr/bin/pitr-restore -s wal@backup:/wal --ssh-path=/usr/local/bin/ssh --remote-timeout=5 %f %p");
  with_odd_names.sources.clear();
  CHECK(restore_command(with_odd_names) == "false");
}

TEST_CASE("a value in a configuration file cannot end its quotes or its line") {
  CHECK(quote_setting("a'b\\c\nd") == R"('a''b\\c d')");
}

TEST_CASE("an earlier recovery's settings and block go, everything else stays") {
  RecoveryConfig first = config();
  first.target.kind = RecoveryTarget::Kind::name;
  first.target.text = "the first";
  const std::string old =
      "work_mem = '64MB'\nRecovery_Target_Time = '2020-01-01'\n restore_command='cp x'\n# a remark\n"
      "recovery_end_command'rm x'\n\rrecovery_target_xid\r= 5\n";
  const std::string once = with_recovery_block(old, first, control);
  CHECK(once.starts_with("work_mem = '64MB'\n# a remark\n# pitr-recover: begin\n"));
  CHECK(once.find("2020") == std::string::npos);
  CHECK(once.find("recovery_target_name = 'the first'\n") != std::string::npos);
  // A copy archives nothing, follows nobody, and takes no slot of the original's.
  for (const char* setting : {"archive_mode = 'off'\n", "primary_conninfo = ''\n", "primary_slot_name = ''\n",
                              "max_logical_replication_workers = '0'\n"}) {
    CAPTURE(setting);
    CHECK(once.find(setting) != std::string::npos);
  }
  // Clearing another kind behind it would clear the target itself.
  CHECK(once.rfind("recovery_target_lsn = ''") < once.find("recovery_target_name = 'the first'"));

  RecoveryConfig second = config();
  second.purpose = Purpose::primary;
  const std::string twice = with_recovery_block(once, second, control);
  CHECK(twice.find("the first") == std::string::npos);
  CHECK(twice.find("archive_mode") == std::string::npos);
  CHECK(twice.find("# pitr-recover: begin") == twice.rfind("# pitr-recover: begin"));
  CHECK(twice.starts_with("work_mem = '64MB'\n# a remark\n"));
}

TEST_CASE("a standby streams, and an isolated server is reached by nobody") {
  RecoveryConfig standby = config();
  standby.standby = true;
  standby.purpose = Purpose::primary;
  standby.primary_conninfo = "host=db1 application_name='s'";
  CHECK(with_recovery_block("", standby, control)
            .find("primary_conninfo = 'host=db1 application_name=''s'''\n") != std::string::npos);
  // What the original itself uses as a standby is not for it.
  CHECK(with_recovery_block("primary_slot_name = 'original'\n", standby, control)
            .find("primary_slot_name = ''\n") != std::string::npos);
  standby.slot = "own";
  CHECK(with_recovery_block("", standby, control).find("primary_slot_name = 'own'\n") != std::string::npos);
  RecoveryConfig drill = config();
  drill.isolated_socket = "/s";
  const std::string text = with_recovery_block("", drill, control);
  for (const char* setting :
       {"listen_addresses = ''", "unix_socket_directories = '/s'", "archive_mode = 'off'",
        "hot_standby = 'off'", "recovery_target_action = 'promote'", "shared_preload_libraries = ''",
        "max_logical_replication_workers = '0'", "ssl = 'off'", "primary_conninfo = ''", "jit = 'off'"}) {
    CAPTURE(setting);
    CHECK(text.find(std::string(setting) + "\n") != std::string::npos);
  }
}
