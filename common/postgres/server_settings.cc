#include "common/postgres/server_settings.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/core.h>

namespace pitr {
namespace {

// What an earlier recovery may have left in force.
constexpr std::string_view recovery_settings[] = {
    "restore_command",           "archive_cleanup_command", "recovery_end_command",    "recovery_target",
    "recovery_target_name",      "recovery_target_time",    "recovery_target_xid",     "recovery_target_lsn",
    "recovery_target_inclusive", "recovery_target_action",  "recovery_target_timeline"};

// Behind a name may follow its value at once: neither '=' nor a blank must be there.
std::string key_of(const std::string& line) {
  const auto from = line.find_first_not_of(" \t\r");
  if (from == line.npos) return {};
  std::string key = line.substr(from, line.find_first_of(" \t\r='", from) - from);
  std::ranges::transform(key, key.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key;
}

bool is_recovery_setting(const std::string& line) {
  return std::ranges::find(recovery_settings, key_of(line)) != std::end(recovery_settings);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at += lines.back().size() + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  return lines;
}

// "# pitr-recover: begin": whichever of our programs wrote it.
bool is_mark(const std::string& line, std::string_view which) {
  return line.starts_with("# pitr-") && line.ends_with(which) &&
         line.find(' ', 2) == line.size() - which.size() + 1;
}

}  // namespace

std::string quote_setting(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c == '\n' ? ' ' : c;
  }
  return quoted + "'";
}

void ServerSettings::set(std::string_view name, std::string_view value) {
  text_ += fmt::format("{} = {}\n", name, quote_setting(value));
}

void ServerSettings::remark(std::string_view line) { text_ += fmt::format("# {}\n", line); }

void ServerSettings::clear_targets() {
  for (const char* name : {"recovery_target", "recovery_target_name", "recovery_target_time",
                           "recovery_target_xid", "recovery_target_lsn"}) {
    set(name, "");
  }
}

void ServerSettings::stream_from(std::string_view conninfo, std::string_view slot) {
  set("primary_conninfo", conninfo);
  set("primary_slot_name", slot);
}

void ServerSettings::leave_original_alone() {
  remark("ARCHIVING IS OFF: this is a copy, and must not write into the archive of the original. Before it");
  remark("goes into production: remove this block, restart the server, take a new base backup.");
  remark("(Where the server has dropped these remarks: ALTER SYSTEM RESET does it for each setting.)");
  set("archive_mode", "off");
  set("max_logical_replication_workers", "0");
  stream_from("", "");
}

std::string with_settings(const std::string& old, std::string_view program, const ServerSettings& settings) {
  std::string kept;
  const std::vector<std::string> lines = lines_of(old);
  const auto ends_block = [](const std::string& line) { return is_mark(line, ": end"); };
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    if (is_mark(*line, ": begin")) {
      // One whose end somebody removed would reach to the end of the file.
      const auto end = std::find_if(line, lines.end(), ends_block);
      if (end != lines.end()) line = end;
    } else if (!ends_block(*line) && !is_recovery_setting(*line)) {
      kept += *line + "\n";
    }
  }
  return fmt::format("{0}# {1}: begin\n{2}# {1}: end\n", kept, program, settings.text());
}

}  // namespace pitr
