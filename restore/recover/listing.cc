#include "restore/recover/listing.h"

#include <array>

#include "common/base/json_text.h"
#include "common/base/time_text.h"

namespace pitr {
namespace {

std::string state_of(const BackupSet& set) {
  if (!set.damage.empty()) return "damaged (" + set.damage + ")";
  if (set.meta.state == SetState::waiting) return "incomplete (waits for WAL)";
  return set.meta.bad_pages > 0 ? fmt::format("complete, {} damaged pages", set.meta.bad_pages) : "complete";
}

std::string row(const BackupSet& set) {
  const Meta& meta = set.meta;
  if (meta.format == 0) {
    return fmt::format("{}  {}  -  {}  -  timeline {}  -  -  {}\n", set.name, utc_text(meta.start_time),
                       to_string(meta.start), number(meta.start_timeline), state_of(set));
  }
  return fmt::format("{}  {}  {}  {}  {}  timeline {}  PostgreSQL {}  {}  {}\n", set.name,
                     utc_text(meta.start_time), utc_text(meta.stop_time), to_string(meta.start),
                     to_string(meta.stop), number(meta.stop_timeline), meta.server_version,
                     amount(meta.stored_bytes), state_of(set));
}

bool is_number_in_json(std::string_view key) {
  constexpr std::string_view numbers[] = {"Started-epoch", "Format",    "Start-Timeline", "Stop-Timeline",
                                          "Segment-Size",  "Raw-Bytes", "Stored-Bytes",   "Bad-Pages"};
  for (const std::string_view number : numbers) {
    if (key == number) return true;
  }
  return false;
}

void add_member(std::string& json, std::string_view key, std::string_view value) {
  json += json.back() == '{' ? "" : ", ";
  append_json_string(json, key);
  json += ": ";
  if (is_number_in_json(key)) {
    json += value;
  } else {
    append_json_string(json, is_utf8(value) ? value : "?");
  }
}

std::string object(const BackupSet& set) {
  std::string json = "{";
  add_member(json, "name", set.name);
  add_member(json, "state",
             !set.damage.empty()                    ? "damaged"
             : set.meta.state == SetState::complete ? "complete"
                                                    : "waiting");
  if (!set.damage.empty()) add_member(json, "reason", set.damage);
  const std::string text = format_meta(set.meta);
  int line = 0;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = text.find('\n', at), colon = text.find(": ", at);
    const std::string key = text.substr(at, colon - at);
    // OmniPITR's sets have the first four.
    if (key != "SHA-256" && (set.meta.format != 0 || line < 4))
      add_member(json, key, text.substr(colon + 2, end - colon - 2));
    at = end + 1;
  }
  return json + "}";
}

}  // namespace

std::string amount(std::uint64_t bytes) {
  constexpr std::array units = {"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, units[unit]);
}

std::string list_as_text(const Catalog& catalog) {
  std::string text;
  for (const auto* sets : {&catalog.complete, &catalog.waiting, &catalog.damaged}) {
    for (const BackupSet& set : *sets) text += row(set);
  }
  for (const UnreadableSet& set : catalog.unreadable)
    text += fmt::format("{}  unreadable: {}\n", set.name, set.reason);
  for (const Name& orphan : catalog.orphans)
    text += fmt::format("{}  no backup: its meta file is missing\n", orphan.text());
  return text;
}

std::string list_as_json(const Catalog& catalog) {
  std::string json = "[";
  const auto add = [&](const std::string& text) { json += (json.size() == 1 ? "\n" : ",\n") + text; };
  for (const auto* sets : {&catalog.complete, &catalog.waiting, &catalog.damaged}) {
    for (const BackupSet& set : *sets) add(object(set));
  }
  for (const UnreadableSet& set : catalog.unreadable) {
    std::string text = "{";
    add_member(text, "name", set.name);
    add_member(text, "state", "unreadable");
    add_member(text, "reason", set.reason);
    add(text + "}");
  }
  return json + (json.size() == 1 ? "]\n" : "\n]\n");
}

}  // namespace pitr
