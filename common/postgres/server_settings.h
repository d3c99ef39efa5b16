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
  // Whom a standby streams from and by which slot; "" for nobody and none. What the original itself uses as a
  // standby is not for us.
  void stream_from(std::string_view conninfo, std::string_view slot);
  // The server is a copy: it must not write into the archive of the original, and takes none of the slots
  // that belong to the original or to its subscriptions.
  void leave_original_alone();
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// `old` (of postgresql.auto.conf) without an earlier block of ours and without every setting of a recovery,
// and with the block of `program` behind it.
std::string with_settings(const std::string& old, std::string_view program, const ServerSettings& settings);

}  // namespace pitr
