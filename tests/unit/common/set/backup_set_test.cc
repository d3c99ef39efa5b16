#include "common/set/backup_set.h"

#include <doctest/doctest.h>

#include "common/base/error.h"
#include "tests/unit/time_zone.h"

using namespace pitr;

namespace {

const auto started = std::chrono::system_clock::from_time_t(1785579072);  // 2026-08-01 10:11:12 UTC

}  // namespace

TEST_CASE("the files of a set are named by the template") {
  const FiveHoursBehind zone;
  const SetNames names(default_set_template, "db1", started);
  CHECK(names.file(SetPart::data, Codec::zstd).text() == "db1-data-2026-08-01.tar.zst");
  CHECK(names.file(SetPart::xlog, Codec::gzip).text() == "db1-xlog-2026-08-01.tar.gz");
  CHECK(names.file(SetPart::meta, Codec::none).text() == "db1-meta-2026-08-01.tar");
  CHECK(names.file(SetPart::waiting, Codec::lz4).text() == "db1-waiting-2026-08-01.tar.lz4");
  CHECK(names.digest("SHA-256", Codec::zstd).text() == "db1-SHA-256-2026-08-01.tar.zst");
}

TEST_CASE("a template may use its words and the time as it likes") {
  const FiveHoursBehind zone;
  struct Row {
    std::string_view pattern, hostname, data;
  };
  for (const Row& row : {Row{"__FILETYPE__", "db1", "data"}, Row{"__FILETYPE____CEXT__", "db1", "data.zst"},
                         Row{"^Y^m^d-^H^M^S.__FILETYPE__.__FILETYPE__", "db1", "20260801-051112.data.data"},
                         Row{"__HOSTNAME__.__FILETYPE__", "db^Y%d", "db^Y%d.data"},
                         Row{"100%Y-__FILETYPE__", "db1", "100%Y-data"},
                         Row{"__HOSTNAME____HOSTNAME__-__FILETYPE__", "", "-data"}}) {
    CAPTURE(row.pattern);
    if (row.data.starts_with('-')) {
      CHECK_THROWS_AS(SetNames(row.pattern, row.hostname, started), Error);
    } else {
      CHECK(SetNames(row.pattern, row.hostname, started).file(SetPart::data, Codec::zstd).text() == row.data);
    }
  }
}

TEST_CASE("a template that cannot name files is refused before anything is done") {
  struct Row {
    std::string pattern, hostname, reason;
  };
  for (const Row& row :
       {Row{"", "db1", "no __FILETYPE__"}, Row{"__HOSTNAME__-^Y.tar", "db1", "no __FILETYPE__"},
        Row{"__filetype__", "db1", "no __FILETYPE__"}, Row{"x__FILETYPE_", "db1", "no __FILETYPE__"},
        Row{"/backup/__FILETYPE__", "db1", "a '/'"}, Row{"../__FILETYPE__", "db1", "a '/'"},
        Row{"__FILETYPE__/x", "db1", "a '/'"}, Row{"__HOSTNAME__-__FILETYPE__", "a/b", "no name"},
        Row{".__FILETYPE__", "db1", "no name"}, Row{"-__FILETYPE__", "db1", "no name"},
        Row{"a\n__FILETYPE__", "db1", "no name"}, Row{"__FILETYPE__.tmp.1", "db1", "no name"},
        Row{"^D-__FILETYPE__", "db1", "no name"},  // strftime's %D has slashes
        Row{"__FILETYPE__" + std::string(250, 'x'), "db1", "no name"}}) {
    CAPTURE(row.pattern);
    try {
      const SetNames names(row.pattern, row.hostname, started);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      CHECK(std::string(error.what()).find(row.reason) != std::string::npos);
    }
  }
}
