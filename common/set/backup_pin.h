#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

#include "common/store/store.h"

namespace pitr {

enum class Pin { none, consistency, all };

// "NAME.pin" beside a backup set (NAME is BackupSet::name): no rule removes it.
//
//   Until: 2027-01-31T23:59:59Z
//   Wal: consistency
struct SetPin {
  std::optional<std::time_t> until;  // null: for ever
  Pin wal;  // all: it can be recovered from to any later moment; consistency: as it is
};

inline constexpr std::string_view pin_suffix = ".pin";

// Replaces the one that is there.
void write_pin(const std::filesystem::path& backup_directory, const std::string& set, const SetPin& pin,
               mode_t mode);
// Null: there is none. One that does not parse pins for ever, with all WAL.
std::optional<SetPin> read_pin(Store& store, const std::string& set);
Pin pin_of(Store& store, const std::string& set, std::time_t now);  // none: also when it has expired
void remove_pin(const std::filesystem::path& backup_directory, const std::string& set);  // missing is fine

// "2027-01-31" is the end of that day in local time, "2027-01-31T12:00:00Z" that moment. Throws usage.
std::time_t parse_until(const std::string& text);

}  // namespace pitr
