#include "restore/recover/tablespaces.h"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "common/os/file.h"

namespace pitr {

Tablespace TablespaceMapping::place(const std::string& oid, const std::string& original) const {
  const auto move = std::ranges::find(moved, original, &std::pair<std::string, std::string>::first);
  if (move != moved.end()) return {oid, original, move->second};
  const std::filesystem::path inside = std::filesystem::path(original).lexically_relative(old_data_directory);
  if (!old_data_directory.empty() && !inside.empty() && *inside.begin() != "..") {
    return {oid, original, new_data_directory / inside};
  }
  if (!root.empty()) return {oid, original, std::filesystem::path(root) / oid};
  return {oid, original, original};
}

std::pair<std::string, std::string> parse_tablespace_move(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == text.npos || !text.starts_with('/') || text.substr(equals + 1, 1) != "/") {
    fail(Exit::usage, "{}: not OLD=NEW with two absolute paths", text);
  }
  return {normal_path(text.substr(0, equals)), normal_path(text.substr(equals + 1))};
}

std::vector<Tablespace> parse_tablespace_map(std::string_view text, const TablespaceMapping& mapping) {
  std::vector<Tablespace> result;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 1 < text.size();
    if (is_escape) ++i;
    if (is_escape || text[i] != '\n') {
      line += text[i];
      continue;
    }
    const auto blank = line.find(' ');
    const std::string oid = line.substr(0, blank);
    if (blank == line.npos || oid.empty() || oid.find_first_not_of("0123456789") != oid.npos ||
        line.substr(blank + 1, 1) != "/") {
      fail(Exit::damaged, "tablespace_map: '{}' is no OID and path", line);
    }
    result.push_back(mapping.place(oid, line.substr(blank + 1)));
    line.clear();
  }
  if (!line.empty()) fail(Exit::damaged, "tablespace_map: it is cut off");
  return result;
}

std::string format_tablespace_map(const std::vector<Tablespace>& tablespaces) {
  std::string text;
  for (const Tablespace& tablespace : tablespaces) {
    text += tablespace.oid + ' ';
    for (const char c : tablespace.target.native()) {
      if (c == '\n' || c == '\r' || c == '\\') text += '\\';
      text += c;
    }
    text += '\n';
  }
  return text;
}

void require_apart(const std::vector<Tablespace>& tablespaces) {
  std::set<std::filesystem::path> targets;
  for (const Tablespace& tablespace : tablespaces) {
    if (!targets.insert(tablespace.target).second)
      fail(Exit::usage, "--tablespace: two tablespaces would lie in {}", tablespace.target.native());
  }
}

void require_known(const TablespaceMapping& mapping, const std::vector<Tablespace>& tablespaces) {
  for (const auto& [old, unused] : mapping.moved) {
    if (std::ranges::find(tablespaces, old, &Tablespace::original) != tablespaces.end()) continue;
    std::vector<std::string> known;
    for (const Tablespace& tablespace : tablespaces) known.push_back(tablespace.original);
    fail(Exit::usage, "--tablespace {}: the backup has no tablespace there ({})", old,
         known.empty() ? "it has none" : fmt::format("it has {}", fmt::join(known, ", ")));
  }
}

}  // namespace pitr
