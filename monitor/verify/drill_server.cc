#include "common/base/text.h"
#include "common/os/signals.h"
#include "common/os/text_file.h"
#include "common/postgres/server.h"
#include "monitor/verify/drill.h"

namespace pitr {
namespace {

// In which schema of this database amcheck is; it is created when it is not. "": it is not installed on this
// host.
std::string schema_of_amcheck(Server& server) {
  constexpr const char* where =
      "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
      "WHERE extname = 'amcheck'";
  if (const auto rows = server.query(where); !rows.empty()) return rows[0][0].value_or("");
  if (server.query("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").empty()) return {};
  server.query("CREATE SCHEMA pitr_drill");
  server.query("CREATE EXTENSION amcheck SCHEMA pitr_drill");
  return "pitr_drill";
}

void check_indexes(Server& server, const std::string& database, DrillReport& report, Findings& findings) {
  const std::string schema = schema_of_amcheck(server);
  if (schema.empty()) {
    findings.note("the extension amcheck is not installed: indexes were not checked");
    return;
  }
  const auto indexes = server.query(
      "SELECT c.oid::text, quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class c "
      "JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_am a ON a.oid = relam "
      "JOIN pg_index i ON i.indexrelid = c.oid "
      "WHERE amname = 'btree' AND relkind = 'i' AND relpersistence <> 't' AND indisvalid AND indisready");
  for (const Server::Row& index : indexes) {
    const std::string name = fmt::format("database {}, index {}", database, index.at(1).value_or(""));
    findings.attempt(name, [&] {
      ++report.indexes;
      try {
        server.query(fmt::format("SELECT {}.bt_index_check($1::regclass)", schema),
                     {index.at(0).value_or("")});
      } catch (const Error& error) {
        throw_if_signalled();
        throw Error(Exit::damaged, error.what());
      }
    });
  }
}

}  // namespace

void check_drill_server(const DrillOptions& options, const std::filesystem::path& socket_directory,
                        DrillReport& report, Findings& findings) {
  const auto connect = [&](const std::string& database) {
    return ServerAddress{socket_directory.native(), "5432", options.username, database};
  };
  std::vector<std::string> databases;
  {
    Server server(connect("template1"), "pitr-verify");
    for (const auto& row : server.query("SELECT datname FROM pg_database WHERE datallowconn ORDER BY 1")) {
      databases.push_back(row.at(0).value_or(""));
    }
  }
  for (const std::string& database : databases) {
    findings.attempt("database " + database, [&] {
      Server server(connect(database), "pitr-verify");
      ++report.databases;
      check_indexes(server, database, report, findings);
    });
  }
  if (options.sql_file.empty()) return;
  const std::string sql = read_text(options.sql_file);
  Server server(connect(options.database), "pitr-verify");
  findings.attempt(options.sql_file, [&] {
    try {
      server.run_script(sql);
    } catch (const Error& error) {
      throw_if_signalled();
      throw Error(Exit::damaged, error.what());
    }
  });
}

}  // namespace pitr
