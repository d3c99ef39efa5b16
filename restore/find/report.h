#pragma once

#include <functional>
#include <set>
#include <string>

#include "restore/find/find.h"

namespace pitr {

// What of the result is shown.
struct Shown {
  std::set<std::string> what = {"drop", "truncate", "delete", "update", "database"};  // or "all"
  std::string table, database;                                                        // "" for every one
  bool has(const Event& event) const;
};

// The command that recovers to right before it, for a shell.
using RecoverLine = std::function<std::string(const Found&)>;

std::string text_report(const SearchResult& result, const RecoverLine& line);
std::string json_report(const SearchResult& result, const RecoverLine& line);

}  // namespace pitr
