#include "restore/find/report.h"

#include <nlohmann/json.hpp>

#include "common/base/printable.h"

namespace pitr {
namespace {

// "15,000"
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string sentence(const Event& event) {
  const std::string about = event.of_about ? " of about " + grouped(*event.of_about) : "";
  const std::string rows = event.of_about ? fmt::format(" ({} rows)", about.substr(4)) : "";
  switch (event.deed) {
    case Deed::drop:
    case Deed::drop_other:
      return fmt::format("DROP {} {}{}", event.object, event.name, rows);
    case Deed::truncate:
      return fmt::format("TRUNCATE {}{}", event.name, rows);
    case Deed::erase:
      return fmt::format("DELETE of {}{} rows in {}", grouped(event.rows), about, event.name);
    case Deed::update:
      return fmt::format("UPDATE of {}{} rows in {}", grouped(event.rows), about, event.name);
    case Deed::database:
      return "DROP DATABASE " + event.name;
    case Deed::rewrite:
      return fmt::format("{} was written anew (VACUUM FULL, CLUSTER, REFRESH, ALTER TABLE){}", event.name,
                         rows);
  }
  __builtin_unreachable();
}

bool can_be_reached(const SearchResult& result, const Found& found) {
  return result.first_stop && found.stop >= *result.first_stop;
}

}  // namespace

bool Shown::has(const Event& event) const {
  if (!what.contains("all") && !what.contains(std::string(word(event.deed)))) return false;
  if (event.deed == Deed::database) return table.empty() && (database.empty() || event.name == database);
  if (!database.empty() && !event.name.starts_with(database + ".")) return false;
  return table.empty() || event.name == table || event.name.ends_with("." + table);
}

std::string text_report(const SearchResult& result, const RecoverLine& line) {
  std::string text;
  bool lacks_names = false;
  for (const Found& found : result.found) {
    text += fmt::format("{}  transaction {}\n", moment_text(found.time), found.transaction);
    for (const Event& event : found.events) {
      text += "    " + sentence(event) + "\n";
      lacks_names = lacks_names || !event.has_name;
    }
    if (found.before) {
      text += fmt::format("  the last commit before it: {}, transaction {}\n",
                          moment_text(found.before->time), found.before->transaction);
    }
    if (can_be_reached(result, found)) {
      text += "  to right before it:\n    " + line(found) + "\n";
    } else {
      text += "  no backup that was looked at is older than LSN " + to_string(found.stop) + "\n";
    }
    text += "\n";
  }
  if (result.found.empty()) text += "Nothing of that kind was found.\n";
  text += fmt::format("Read: LSN {} to {}.\n", to_string(result.begin), to_string(result.end));
  if (lacks_names) {
    text += result.names_from.empty()
                ? fmt::format("Names are not known: {}.\n", printable(result.no_names))
                : "What has no name is older than " + result.names_from + ": try another --backup-dir.\n";
  }
  if (!result.damage.empty()) text += "The WAL could not be read further: " + result.damage + "\n";
  return text;
}

std::string json_report(const SearchResult& result, const RecoverLine& line) {
  using Json = nlohmann::ordered_json;
  Json transactions = Json::array();
  for (const Found& found : result.found) {
    Json events = Json::array();
    for (const Event& event : found.events) {
      Json row = {{"what", word(event.deed)}, {"name", event.name}, {"named", event.has_name}};
      if (event.deed == Deed::drop || event.deed == Deed::drop_other) row["kind"] = event.object;
      if (event.deed == Deed::rewrite) row["kind"] = "REWRITE";
      if (event.rows > 0) row["rows"] = event.rows;
      if (event.of_about) row["of_about"] = *event.of_about;
      events.push_back(std::move(row));
    }
    Json row = {{"time", moment_text(found.time)},
                {"transaction", found.transaction},
                {"stop_lsn", to_string(found.stop)},
                {"events", std::move(events)},
                {"before", nullptr},
                {"recover", nullptr}};
    if (found.before)
      row["before"] = {{"time", moment_text(found.before->time)}, {"transaction", found.before->transaction}};
    if (can_be_reached(result, found)) row["recover"] = line(found);
    transactions.push_back(std::move(row));
  }
  const Json report = {{"begin_lsn", to_string(result.begin)},
                       {"end_lsn", to_string(result.end)},
                       {"names_from", result.names_from},
                       {"damage", result.damage},
                       {"transactions", std::move(transactions)}};
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pitr
