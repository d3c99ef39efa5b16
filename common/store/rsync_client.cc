#include "common/store/rsync_client.h"

#include <algorithm>

namespace pitr {
namespace {

constexpr std::string_view scheme = "rsync://";

[[noreturn]] void refuse(const std::string& place, std::string_view reason) {
  fail(Exit::usage, "{}: {}, as in rsync://[USER@]HOST[:PORT]/MODULE/PATH", place, reason);
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

}  // namespace

RsyncClient::RsyncClient(const std::string& place, const Remote& remote) : place_(place), remote_(remote) {
  if (!place.starts_with(scheme)) refuse(place, "no place of an rsync daemon");
  while (place_.ends_with('/') && place_.size() > scheme.size()) place_.pop_back();
  const std::size_t slash = std::min(place_.find('/', scheme.size()), place_.size());
  const std::string authority = place_.substr(scheme.size(), slash - scheme.size());
  const std::size_t at = authority.rfind('@');
  const std::string host = at == authority.npos ? authority : authority.substr(at + 1);
  if (host.empty() || host.starts_with('-') || host.starts_with(':') || authority.starts_with('-') ||
      at == 0 || authority.find(' ') != authority.npos) {
    refuse(place, "no host that rsync could reach");
  }
  if (std::ranges::any_of(place, is_control)) refuse(place, "control characters");
  if (at != authority.npos && authority.substr(0, at).find(':') != authority.npos) {
    fail(Exit::usage, "rsync://...@{}: no password belongs into a place (set RSYNC_PASSWORD)", host);
  }
  module_end_ = std::min(place_.find('/', slash + 1), place_.size());
  if (module_end_ <= slash + 1) refuse(place, "no module");
  if (place_[slash + 1] == '-') refuse(place, "no module has a leading '-'");
  const std::string path = place_.substr(slash) + "/";
  if (path.find("/../") != path.npos) refuse(place, "'..' in the path");
  // The daemon would take the path for a pattern, and which backslash it drops then depends on the pattern.
  if (path.find_first_of("*?[\\") != path.npos) refuse(place, "*, ?, [ or \\ in the path");
}

std::string RsyncClient::in_module(const Name& name) const {
  const std::string path = module_end_ < place_.size() ? place_.substr(module_end_ + 1) + "/" : "";
  return path + name.text();
}

RsyncClient::Result RsyncClient::run(Command command) const {
  command.arguments.insert(command.arguments.begin(),
                           {"--no-motd", fmt::format("--contimeout={}", remote_.timeout.count())});
  return run_rsync(command, remote_, "rsync " + place_);
}

void RsyncClient::run_or_fail(const Command& command) const {
  const Result result = run(command);
  if (result.status != 0) fail(Exit::failed, "{}", result.reason());
}

}  // namespace pitr
