#include "monitor/verify/drill_server.h"

#include <memory>

#include "common/os/text_file.h"
#include "common/postgres/server.h"

namespace pitr {
namespace {

// What the server refuses here tells of the data.
void look(const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    throw Error(Exit::damaged, error.what());
  }
}

// Looks at one database.
class DatabaseCheck {
 public:
  DatabaseCheck(Server& server, const std::string& database, DrillReport& report, Findings& findings)
      : server_(server), database_(database), report_(report), findings_(findings) {}

  void run() {
    const std::string amcheck = schema_of_amcheck();
    check_tables(amcheck);
    if (!amcheck.empty()) return check_indexes(amcheck);
    report_.indexes_checked = false;
    findings_.note(
        fmt::format("database {}: the extension amcheck is not installed: tables were only read, "
                    "indexes were not checked",
                    database_));
  }

 private:
  // In which schema of this database amcheck is; it is created when it is not. "": it is not installed on
  // this host.
  std::string schema_of_amcheck() {
    constexpr const char* where =
        "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'amcheck'";
    if (const auto rows = server_.query(where); !rows.empty()) return rows[0][0].value_or("");
    if (server_.query("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").empty()) return {};
    server_.query("CREATE SCHEMA pitr_drill");
    server_.query("CREATE EXTENSION amcheck SCHEMA pitr_drill");
    return "pitr_drill";
  }

  void check_tables(const std::string& amcheck) {
    // It came with PostgreSQL 14; an extension that was made before has none.
    const bool has_heap_check =
        !amcheck.empty() && server_.value(
                                "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
                                "WHERE proname = 'verify_heapam' AND quote_ident(nspname) = $1",
                                {amcheck}) != "0";
    const auto tables = server_.query(
        "SELECT c.oid::text, quote_ident(nspname) || '.' || quote_ident(relname), relkind, amname = 'heap' "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_am a ON a.oid = relam "
        "WHERE relkind IN ('r', 'm', 't') AND relpersistence <> 't' AND relispopulated");
    for (const Server::Row& table : tables) {
      const std::string name = table.at(1).value_or("");
      const bool is_heap = table.at(3) == "t";
      // What is in TOAST is read with its table.
      if (table.at(2) == "t" && !(has_heap_check && is_heap)) continue;
      findings_.attempt(fmt::format("database {}, table {}", database_, name), [&] {
        ++report_.tables;
        if (has_heap_check && is_heap) return check_heap(amcheck, table.at(0).value_or(""));
        look([&] { server_.query(fmt::format("COPY (SELECT * FROM {}) TO '/dev/null'", name)); });
      });
    }
  }

  void check_heap(const std::string& amcheck, const std::string& table) {
    std::vector<Server::Row> bad;
    look([&] {
      bad = server_.query(fmt::format("SELECT format('block %s, line pointer %s: %s', blkno, offnum, msg) "
                                      "FROM {}.verify_heapam($1::regclass, check_toast := true) LIMIT 1",
                                      amcheck),
                          {table});
    });
    if (!bad.empty()) throw Error(Exit::damaged, bad[0].at(0).value_or(""));
  }

  void check_indexes(const std::string& amcheck) {
    const auto indexes = server_.query(
        "SELECT c.oid::text, quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_am a ON a.oid = relam "
        "JOIN pg_index i ON i.indexrelid = c.oid "
        "WHERE amname = 'btree' AND relkind = 'i' AND relpersistence <> 't' AND indisvalid AND indisready");
    for (const Server::Row& index : indexes) {
      findings_.attempt(fmt::format("database {}, index {}", database_, index.at(1).value_or("")), [&] {
        ++report_.indexes;
        look([&] {
          server_.query(fmt::format("SELECT {}.bt_index_check($1::regclass)", amcheck),
                        {index.at(0).value_or("")});
        });
      });
    }
  }

  Server& server_;
  const std::string& database_;
  DrillReport& report_;
  Findings& findings_;
};

}  // namespace

void check_drill_server(const DrillOptions& options, const std::filesystem::path& socket_directory,
                        DrillReport& report, Findings& findings) {
  const auto connect = [&](const std::string& database) {
    auto server = std::make_unique<Server>(
        ServerAddress{socket_directory.native(), "5432", options.username, database}, "pitr-verify");
    // A database, or a role, may be set to it.
    server->query("SET default_transaction_read_only = off");
    return server;
  };
  std::vector<std::string> databases;
  {
    const auto server = connect(options.database);
    if (server->setting("is_superuser") != "on") {
      fail(Exit::failed, "{} is no superuser in the copy (give --username)", options.username);
    }
    for (const auto& row : server->query("SELECT datname FROM pg_database WHERE datallowconn ORDER BY 1")) {
      databases.push_back(row.at(0).value_or(""));
    }
  }
  for (const std::string& database : databases) {
    findings.attempt("database " + database, [&] {
      const auto server = connect(database);
      ++report.databases;
      DatabaseCheck(*server, database, report, findings).run();
    });
  }
  if (options.sql_file.empty()) return;
  const std::string sql = read_text(options.sql_file);
  const auto server = connect(options.database);
  findings.attempt(options.sql_file, [&] { look([&] { server->run_script(sql); }); });
}

}  // namespace pitr
