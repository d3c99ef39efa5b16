#include "basebackup/sync/far_rsync.h"

#include <fcntl.h>

#include <algorithm>

#include "common/base/shell_word.h"
#include "common/base/text.h"
#include "common/store/rsync_command.h"
#include "common/store/ssh_session.h"

namespace pitr {
namespace {

// For rsync, which takes words apart by itself: a quote within quotes is doubled.
std::string rsh(const Remote& remote) {
  std::string text;
  for (std::string word : ssh_words(remote)) {
    replace_all(word, "'", "''");
    text += (text.empty() ? "'" : " '") + word + "'";
  }
  return text;
}

std::vector<std::string> arguments(const Remote& remote, const FarRsync& rsync) {
  // --checksum: size and time say nothing, a server changes pages in place, and the copy may have lived on.
  // --copy-links: a link in the list is one to a file, which is copied.
  // --delete-missing-args: else a file that was dropped meanwhile would be a failure.
  // --protect-args: else an rsync before 3.2.4 gives the path to the shell there.
  std::vector<std::string> words = {"--files-from=-",
                                    "--from0",
                                    "--checksum",
                                    "--copy-links",
                                    "--perms",
                                    "--times",
                                    "--delete-missing-args",
                                    "--protect-args",
                                    "--rsh=" + rsh(remote),
                                    "--rsync-path=" + quote_for_shell(rsync.program)};
  if (rsync.compress) words.emplace_back("--compress");
  if (rsync.max_rate)
    words.push_back(fmt::format("--bwlimit={}", std::max<std::uint64_t>(*rsync.max_rate / 1024, 1)));
  return words;
}

}  // namespace

void send_differences(const FileTree& tree, const std::string& target, const Remote& remote,
                      const FarRsync& rsync) {
  constexpr int done = 0, partial = 23, vanished = 24;
  constexpr int most_attempts = 3;
  RsyncCommand command{arguments(remote, rsync)};
  command.arguments.insert(command.arguments.end(), {"--", (tree.source / ".").native(), target + "/."});
  command.silent_bytes = tree.bytes;
  for (int attempt = 1;; ++attempt) {
    // Others read the same list, each with an offset of its own.
    const Fd names = open_file(fmt::format("/proc/self/fd/{}", tree.names.fd().number()), O_RDONLY);
    command.input = &names;
    const RsyncResult result = run_rsync(command, remote, "rsync " + target);
    if (result.status == done || result.status == vanished) return;
    // A file that was truncated while it was read is one reason; the next run finds it with its new size.
    if (result.status != partial || attempt == most_attempts)
      fail(Exit::failed, "rsync: {}", result.reason());
  }
}

}  // namespace pitr
