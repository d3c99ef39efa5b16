#include "common/postgres/server.h"

#include <poll.h>

#include <libpq-fe.h>

#include <chrono>

#include "common/os/signals.h"

namespace pitr {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

// libpq's messages end in a line end and may hold several lines.
std::string one_line(const char* message) {
  std::string text = message;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

constexpr auto connect_time = std::chrono::seconds(30);

}  // namespace

void Server::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Server::Server(const ServerAddress& address, const std::string& application) {
  connect(address, application);
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  if (encoding == nullptr || PQsetClientEncoding(connection_.get(), encoding) != 0) {
    fail(Exit::failed, "connect to the server: it does not take its own encoding for the client");
  }
  query("SET search_path = pg_catalog");
  query("SET statement_timeout = 0");
  query("SET lock_timeout = 0");
  query("SET idle_in_transaction_session_timeout = 0");
  if (major() >= 14) query("SET idle_session_timeout = 0");
  if (major() >= 17) query("SET transaction_timeout = 0");
  backend_ = value("SELECT pg_backend_pid()");
}

Server::~Server() = default;

void Server::connect(const ServerAddress& address, const std::string& application) {
  const char* const keys[] = {"host",
                              "port",
                              "user",
                              "dbname",
                              "application_name",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              nullptr};
  const auto text = [](const std::string& value) { return value.empty() ? nullptr : value.c_str(); };
  const char* const values[] = {text(address.host),
                                text(address.port),
                                text(address.username),
                                text(address.database),
                                application.c_str(),
                                "30",
                                "10",
                                "6",
                                nullptr};
  connection_.reset(PQconnectStartParams(keys, values, 0));
  if (!connection_) throw std::bad_alloc();
  const auto deadline = std::chrono::steady_clock::now() + connect_time;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(connection_.get())) {
    if (state == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      fail(Exit::failed, "connect to the server: {}", one_line(PQerrorMessage(connection_.get())));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Exit::failed, "connect to the server: no answer within {} s", connect_time.count());
    }
    wait(state == PGRES_POLLING_WRITING);
  }
}

void Server::wait(bool for_writing) {
  throw_if_signalled();
  pollfd descriptor{PQsocket(connection_.get()), static_cast<short>(for_writing ? POLLOUT : POLLIN), 0};
  // Short naps: a signal may arrive between the look above and the wait.
  ::poll(&descriptor, 1, 100);
}

std::vector<Server::Row> Server::query(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) != 1) {
    fail(Exit::failed, "{}: {}", sql, one_line(PQerrorMessage(connection_.get())));
  }
  return results_of(sql);
}

void Server::run_script(const std::string& sql) {
  query("SET search_path = \"$user\", public");
  if (PQsendQuery(connection_.get(), sql.c_str()) != 1) {
    fail(Exit::failed, "script: {}", one_line(PQerrorMessage(connection_.get())));
  }
  results_of("script");
}

std::vector<Server::Row> Server::results_of(const std::string& what) {
  const auto broken = [&] {
    fail(Exit::failed, "{}: {}", what, one_line(PQerrorMessage(connection_.get())));
  };
  std::vector<Row> rows;
  std::string refusal;
  for (;;) {
    while (PQisBusy(connection_.get()) == 1) {
      wait(false);
      if (PQconsumeInput(connection_.get()) != 1) broken();
    }
    const Result result(PQgetResult(connection_.get()));
    // Only then is the session ready for another query, also after one that was refused.
    if (!result && !refusal.empty()) throw Error(Exit::failed, refusal);
    if (!result) return rows;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      if (refusal.empty())
        refusal = fmt::format("{}: {}", what, one_line(PQresultErrorMessage(result.get())));
      // Anything but an error is a COPY, which would never end.
      if (status != PGRES_FATAL_ERROR) throw Error(Exit::failed, refusal);
      continue;
    }
    for (int i = 0; i < PQntuples(result.get()); ++i) {
      Row row;
      for (int k = 0; k < PQnfields(result.get()); ++k) {
        if (PQgetisnull(result.get(), i, k) == 1) {
          row.emplace_back();
        } else {
          row.emplace_back(std::string(PQgetvalue(result.get(), i, k),
                                       static_cast<std::size_t>(PQgetlength(result.get(), i, k))));
        }
      }
      rows.push_back(std::move(row));
    }
  }
}

std::string Server::value(const std::string& sql, const std::vector<std::string>& parameters) {
  const std::vector<Row> rows = query(sql, parameters);
  if (rows.size() != 1 || rows[0].size() != 1 || !rows[0][0]) fail(Exit::failed, "{}: no single value", sql);
  return *rows[0][0];
}

std::string Server::setting(const std::string& name) {
  const auto rows = query("SELECT current_setting($1, true)", {name});
  return rows.at(0).at(0).value_or("");
}

ServerAddress Server::address() const {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  const PGconn* connection = connection_.get();
  return {text(PQhost(connection)), text(PQport(connection)), text(PQuser(connection)),
          text(PQdb(connection))};
}

int Server::major() const { return PQserverVersion(connection_.get()) / 10000; }

void Server::probe() {
  if (value("SELECT pg_backend_pid()") != backend_) {
    fail(Exit::failed, "the session changed under us (a pooler in between?): connect to the server itself");
  }
}

}  // namespace pitr
