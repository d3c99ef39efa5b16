#include "basebackup/sync/copy_settings.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

TEST_CASE("a conninfo is quoted for libpq") {
  CHECK(format_conninfo({"db1", "5432", "postgres", "postgres"}) == "host=db1 port=5432 user=postgres");
  CHECK(format_conninfo({"/run/my sockets", "", "it's", ""}) == R"(host='/run/my sockets' user='it\'s')");
  CHECK(format_conninfo({"a\\b", "", "x=y", ""}) == R"(host='a\\b' user='x=y')");
}

TEST_CASE("a standby on another host is not sent to look for its primary there") {
  CopyOptions options;
  options.standby = true;
  for (const char* host : {"", "/run/postgresql", "localhost", "127.0.0.1", "::1", "@abstract"}) {
    CAPTURE(host);
    CHECK(means_this_host(host));
    CHECK(failure_of([&] { settings_of_copy(options, {host, "5432", "u", "d"}, true); }).code == Exit::usage);
    CHECK_NOTHROW(settings_of_copy(options, {host, "5432", "u", "d"}, false));
  }
  CHECK_FALSE(means_this_host("db1"));
  CHECK(settings_of_copy(options, {"db1", "5432", "u", "d"}, true)
            .text()
            .find("primary_conninfo = 'host=db1 port=5432 user=u'\n") != std::string::npos);
  options.primary_conninfo = "service=db";
  CHECK(settings_of_copy(options, {"localhost", "", "", ""}, true)
            .text()
            .find("primary_conninfo = 'service=db'\n") != std::string::npos);
}

TEST_CASE("a standby has its slot and its archive, and no recovery target; another copy archives nothing") {
  CopyOptions options;
  options.standby = true;
  options.slot = "db2";
  options.wal_sources = {parse_place("zstd=/backup/wal")};
  const std::string text = settings_of_copy(options, {"db1", "", "", ""}, true).text();
  CHECK(text.find("primary_slot_name = 'db2'\n") != std::string::npos);
  CHECK(text.find("restore_command = 'pitr-restore -s zstd=/backup/wal %f %p'\n") != std::string::npos);
  CHECK(text.find("recovery_target_time = ''\n") != std::string::npos);
  CHECK(text.find("archive_mode") == std::string::npos);
  CHECK(settings_of_copy({}, {}, true).text().find("archive_mode = 'off'\n") != std::string::npos);
  CHECK(with_settings("a = 1\n# pitr-recover: begin\nb = 2\n# pitr-recover: end\n", "pitr-sync", {}) ==
        "a = 1\n# pitr-sync: begin\n# pitr-sync: end\n");
  CHECK(with_settings("a = 1\n# pitr-recover: begin\nb = 2\n", "pitr-sync", {}) ==
        "a = 1\nb = 2\n# pitr-sync: begin\n# pitr-sync: end\n");
}
