#include "common/store/store.h"

#include "common/os/temporary_file.h"

namespace pitr {

std::optional<Name> Name::parse(std::string_view text) {
  if (text.empty() || text.size() > 255 || text[0] == '.' || text[0] == '-') return std::nullopt;
  for (const char c : text) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
  }
  if (is_temporary_name(text)) return std::nullopt;
  return Name(text);
}

std::vector<std::unique_ptr<Source>> Store::open_each(const std::vector<Name>& names) {
  std::vector<std::unique_ptr<Source>> sources;
  for (const Name& name : names) sources.push_back(open(name));
  return sources;
}

}  // namespace pitr
