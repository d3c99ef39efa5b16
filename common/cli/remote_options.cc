#include "common/cli/remote_options.h"

#include <cstdlib>
#include <filesystem>

namespace pitr {

std::vector<Option> with_remote_options(std::vector<Option> options, Remote& remote) {
  options.push_back({"ssh-path", "ssh", "FILE", "reach other hosts by the program FILE (default: ssh)",
                     set_text(remote.ssh)});
  options.push_back({"rsync-path", "rp", "FILE", "reach rsync:// by the program FILE (default: rsync)",
                     set_text(remote.rsync)});
  options.push_back({"remote-timeout", "", "SECONDS", "give another host up that is silent so long (30)",
                     [&remote](const std::string& value) {
                       int seconds = 0;
                       set_number(seconds, 1, 3600)(value);
                       remote.timeout = std::chrono::seconds(seconds);
                     }});
  return options;
}

std::vector<std::string> remote_words(const Remote& remote) {
  const Remote defaults;
  std::vector<std::string> words;
  // One without a slash is found in PATH.
  const auto absolute = [](const std::string& program) {
    return program.find('/') == program.npos ? program : std::filesystem::absolute(program).native();
  };
  if (remote.ssh != defaults.ssh) words.push_back("--ssh-path=" + absolute(remote.ssh));
  if (remote.rsync != defaults.rsync) words.push_back("--rsync-path=" + absolute(remote.rsync));
  if (remote.timeout != defaults.timeout)
    words.push_back(fmt::format("--remote-timeout={}", remote.timeout.count()));
  return words;
}

std::function<void(const std::string&)> set_place_without_codec(Place& target, const Remote& remote) {
  return [&target, &remote](const std::string& value) {
    if (value.empty()) fail(Exit::usage, "value is empty");
    target = {.has_codec = false, .compression = {}, .place = value, .remote = &remote};
  };
}

std::function<void(const std::string&)> append_program(std::vector<Place>& target, const Remote& remote) {
  return [append = append_place(target, &remote), &target](const std::string& value) {
    append(value);
    Place& place = target.back();
    place.is_program = true;
    if (place.place.find('/') != std::string::npos && !place.place.starts_with('/')) {
      fail(Exit::usage, "{}: neither the name of a program nor its absolute path", place.place);
    }
  };
}

std::string default_temporary_directory() {
  const char* directory = std::getenv("TMPDIR");
  return directory == nullptr ? "/tmp" : directory;
}

}  // namespace pitr
