#include "basebackup/base/removal_pause.h"

#include <fcntl.h>

#include "common/os/file.h"
#include "common/os/file_source.h"

namespace pitr {
namespace {

bool is_of_a_person(const std::filesystem::path& trigger) {
  Fd file = open_if_there(trigger, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file || is_locked(trigger)) return false;
  std::string text;
  StringSink sink(text);
  FileSource source(std::move(file));
  copy(source, sink);
  return text.empty() || text.find_first_not_of("0123456789\n") != text.npos;
}

}  // namespace

RemovalPause::RemovalPause(const std::filesystem::path& trigger, mode_t mode, Log& log) {
  if (is_of_a_person(trigger)) {
    log.note("{} exists: removal is paused already, and stays so", trigger.native());
    return;
  }
  ours_.emplace(trigger, mode);
}

}  // namespace pitr
