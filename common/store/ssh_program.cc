#include "common/base/shell_word.h"
#include "common/store/pipe_store.h"
#include "common/store/ssh_session.h"

namespace pitr {
std::unique_ptr<Store> open_far_program(const std::string& host, const std::string& directory,
                                        const Remote& remote) {
  const bool takes_path = remote.far_program.starts_with('!');
  const std::string program = quote_for_shell(remote.far_program.substr(takes_path ? 1 : 0));
  return open_program(
      host + ":" + directory,
      [=](const Name& name) {
        const std::string path = directory + "/" + name.text();
        auto words =
            ssh_words(host, remote, "exec " + program + (takes_path ? " " : " >") + quote_for_shell(path));
        // One that is abandoned is killed with all that it has started: that must not be a master which
        // others use.
        words.insert(words.begin() + 1, {"-o", "ControlPath=none"});
        return ProgramCall{words, host + ":" + path};
      },
      remote.timeout);
}

}  // namespace pitr
