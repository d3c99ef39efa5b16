#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/store/store.h"

// What the fuzz targets share. A target reads foreign bytes and may throw Error, and nothing else; what must
// hold of the result it states with expect().
namespace pitr::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "does not hold: " << what << '\n';
  std::abort();
}

// Takes the front of `text`, up to the first `end`.
inline std::string_view take_until(std::string_view& text, char end) {
  const std::string_view front = text.substr(0, text.find(end));
  text.remove_prefix(std::min(front.size() + 1, text.size()));
  return front;
}

// A place in memory.
class MemoryStore final : public Store {
 public:
  std::string describe() const override { return "/wal"; }
  std::unique_ptr<Source> open(const Name& name) override {
    const auto found = files.find(name.text());
    return found == files.end() ? nullptr : std::make_unique<MemorySource>(as_bytes(found->second));
  }
  std::optional<std::chrono::system_clock::time_point> modified(const Name&) override { return {}; }
  std::unique_ptr<Sink> create(const Name& name) override {
    return std::make_unique<StringSink>(files[name.text()]);
  }
  bool has_living_writer(const Name&) override { return false; }
  void sync(const Name&) override {}
  void list(std::string_view, const std::function<bool(const Name&)>& each) override {
    for (const auto& [text, bytes] : files) {
      if (!each(Name::parse(text).value())) return;
    }
  }
  void remove(const Name& name) override { files.erase(name.text()); }
  void remove_litter() override {}

  std::map<std::string, std::string> files;
};

}  // namespace pitr::fuzz
