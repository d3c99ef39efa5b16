#include "common/postgres/relation_file.h"

#include <charconv>
#include <system_error>

namespace pitr {
namespace {

// Takes a number off the front of `text`. Null when there is none, or it does not fit: not PostgreSQL's.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<RelationFile> parse_relation_file(std::string_view name) {
  std::string_view rest = name;
  if (!take_number(rest)) return std::nullopt;
  RelationFile file{.number = name.substr(0, name.size() - rest.size()), .fork = {}, .segment = 0};
  if (rest.starts_with('_')) {
    file.fork = rest.substr(1, rest.substr(1).find('.'));
    if (file.fork != "fsm" && file.fork != "vm" && file.fork != "init") return std::nullopt;
    rest.remove_prefix(1 + file.fork.size());
  }
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto segment = take_number(rest);
    if (!segment) return std::nullopt;
    file.segment = *segment;
  }
  if (!rest.empty()) return std::nullopt;
  return file;
}

bool is_temporary_relation(std::string_view name) {
  if (!name.starts_with('t')) return false;
  name.remove_prefix(1);
  if (!take_number(name) || !name.starts_with('_')) return false;
  return parse_relation_file(name.substr(1)).has_value();
}

}  // namespace pitr
