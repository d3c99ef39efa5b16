#include "common/set/backup_pin.h"

#include "common/base/time_text.h"
#include "common/base/values.h"
#include "common/os/file.h"

namespace pitr {
namespace {

Name name_of(const std::string& set) {
  const auto name = Name::parse(set + std::string(pin_suffix));
  if (!name) fail(Exit::failed, "{}{} is no name for a stored file", set, pin_suffix);
  return *name;
}

}  // namespace

std::time_t parse_until(const std::string& text) {
  if (const auto moment = parse_utc(text)) return *moment;
  std::tm day = {};
  if (::strptime(text.c_str(), "%Y-%m-%d", &day) != text.c_str() + text.size()) {
    fail(Exit::usage, "{}: no date (2027-01-31, or 2027-01-31T12:00:00Z)", text);
  }
  day.tm_hour = 23;
  day.tm_min = 59;
  day.tm_sec = 59;
  day.tm_isdst = -1;
  return ::mktime(&day);
}

void write_pin(const std::filesystem::path& backup_directory, const std::string& set, const SetPin& pin,
               mode_t mode) {
  std::string text;
  if (pin.until) text += fmt::format("Until: {}\n", utc_text(*pin.until));
  text += fmt::format("Wal: {}\n", pin.wal == Pin::consistency ? "consistency" : "all");
  AtomicFile file(backup_directory / name_of(set).text(), AtomicFile::Existing::replace, mode);
  file.write(as_bytes(text));
  file.finish();
}

std::optional<SetPin> read_pin(Store& store, const std::string& set) {
  const auto source = store.open(name_of(set));
  if (!source) return std::nullopt;
  SetPin pin{{}, Pin::all};
  try {
    auto values = read_values(*source);
    if (values.contains("Until")) pin.until = parse_until(values["Until"]);
    if (values["Wal"] == "consistency") pin.wal = Pin::consistency;
    return pin;
  } catch (const Error& error) {
    if (error.code() != Exit::damaged && error.code() != Exit::usage) throw;
    return SetPin{{}, Pin::all};
  }
}

Pin pin_of(Store& store, const std::string& set, std::time_t now) {
  const auto pin = read_pin(store, set);
  return pin && (!pin->until || *pin->until >= now) ? pin->wal : Pin::none;
}

void remove_pin(const std::filesystem::path& backup_directory, const std::string& set) {
  remove_file(backup_directory / name_of(set).text());
  sync_directory(backup_directory);
}

}  // namespace pitr
