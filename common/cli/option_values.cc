#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/ranges.h>

#include "common/base/number.h"
#include "common/cli/options.h"

namespace pitr {
std::function<void(const std::string&)> set_size(std::uint64_t& target) {
  return [&target](const std::string& value) {
    const auto size = parse_size(value);
    if (!size) fail(Exit::usage, "{}: not a size like 500M or 20G", value);
    target = *size;
  };
}

std::function<void(const std::string&)> set_text(std::string& target) {
  return [&target](const std::string& value) {
    if (value.empty()) fail(Exit::usage, "value is empty");
    target = value;
  };
}

std::function<void(const std::string&)> set_flag(bool& target) {
  return [&target](const std::string&) { target = true; };
}

std::function<void(const std::string&)> set_number(int& target, int lowest, int highest) {
  return [&target, lowest, highest](const std::string& value) {
    const auto parsed = decimal(value);
    if (!parsed || *parsed < lowest || *parsed > highest) {
      fail(Exit::usage, "{}: not a number from {} to {}", value, lowest, highest);
    }
    target = *parsed;
  };
}

std::function<void(const std::string&)> set_choice(std::string& target, std::vector<std::string> choices) {
  return [&target, choices = std::move(choices)](const std::string& value) {
    if (std::ranges::find(choices, value) == choices.end()) {
      fail(Exit::usage, "{}: it is one of {}", value, fmt::join(choices, ", "));
    }
    target = value;
  };
}

std::function<void(const std::string&)> append_text(std::vector<std::string>& target) {
  return [&target](const std::string& value) { target.push_back(value); };
}

std::function<void(const std::string&)> no_meaning(std::vector<std::string>& unused, std::string_view name) {
  return [&unused, own = std::string(name)](const std::string&) { unused.push_back(own); };
}

Option unused_path(std::vector<std::string>& unused, std::string_view name, std::string_view alias) {
  return {name, alias, "FILE", "accepted; no such program is run", no_meaning(unused, name)};
}

std::vector<Option> with_compressor_paths(std::vector<Option> options, std::vector<std::string>& unused) {
  constexpr std::pair<std::string_view, std::string_view> compressors[] = {
      {"gzip-path", "gp"}, {"bzip2-path", "bp"}, {"lzma-path", "lp"}, {"lz4-path", "ll"}, {"xz-path", "xz"}};
  for (const auto& [name, alias] : compressors) options.push_back(unused_path(unused, name, alias));
  return options;
}

std::function<void(const std::string&)> set_place(Place& target, const Remote* remote) {
  return [&target, remote](const std::string& value) {
    target = parse_place(value);
    target.remote = remote;
  };
}

std::function<void(const std::string&)> append_place(std::vector<Place>& target, const Remote* remote) {
  return [&target, remote](const std::string& value) {
    Place place = parse_place(value);
    if (std::ranges::find(target, place.place, &Place::place) != target.end()) {
      fail(Exit::usage, "{} is given twice", place.place);
    }
    place.remote = remote;
    target.push_back(std::move(place));
  };
}

}  // namespace pitr
