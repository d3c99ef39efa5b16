#pragma once

#include <string>
#include <string_view>

namespace pitr {

// What our programs tell a copied or restored server: settings in a block of postgresql.auto.conf, which wins
// over every other file.

// `text` in the quotes of a configuration file.
std::string quote_setting(std::string_view text);

class ServerSettings {
 public:
  void set(std::string_view name, std::string_view value);
  void remark(std::string_view line);
  // No target at all: all are cleared.
  void clear_targets();
  // The server is a copy: it must not write into the archive of the original.
  void switch_archiving_off();
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// `old` (of postgresql.auto.conf) without an earlier block of ours and without every setting of a recovery,
// and with the block of `program` behind it.
std::string with_settings(const std::string& old, std::string_view program, const ServerSettings& settings);

}  // namespace pitr
