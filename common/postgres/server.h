#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"

struct pg_conn;

namespace pitr {

// Where a server listens; "" is libpq's default (PGHOST, the Unix socket, …).
struct ServerAddress {
  std::string host, port, username, database;
};

// One session of a PostgreSQL server, prepared to stay open for hours: statement, lock, idle and transaction
// timeouts of the server are switched off in it, search_path is pg_catalog, text arrives byte for byte
// (client_encoding is the server's), TCP keepalives are on. Every wait ends with an Error when a signal is
// caught.
class Server {
 public:
  Server(const ServerAddress& address, const std::string& application);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  using Row = std::vector<std::optional<std::string>>;  // null: SQL NULL
  std::vector<Row> query(const std::string& sql, const std::vector<std::string>& parameters = {});
  // The one value of the one row; throws when it is NULL or missing.
  std::string value(const std::string& sql, const std::vector<std::string>& parameters = {});
  // Statements separated by semicolons, as a user's file has them, with the search_path of a user.
  void run_script(const std::string& sql);
  std::string setting(const std::string& name);  // "" when it is not set or does not exist

  ServerAddress address() const;  // where it is connected, whatever was left to libpq
  int major() const;              // 15
  // Throws unless this is still the session that was opened: a pooler may have given us another backend.
  void probe();

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  void connect(const ServerAddress& address, const std::string& application);
  void wait(bool for_writing);
  std::vector<Row> results_of(const std::string& what);

  std::unique_ptr<pg_conn, Close> connection_;
  std::string backend_;
};

}  // namespace pitr
