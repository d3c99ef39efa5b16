#pragma once

#include <pwd.h>

#include <memory>

#include "common/process/process.h"
#include "common/store/store.h"
#include "tests/unit/daemon.h"
#include "tests/unit/scratch.h"

namespace pitr {

// A real sshd of the user who runs the tests, that lets this user in with a key of its own.
class Sshd {
 public:
  Sshd() : port_(free_port()), user_(::getpwuid(::geteuid())->pw_name) {
    for (const char* key : {"hostkey", "client"}) {
      REQUIRE(run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", (scratch_ / key).native()}, "/") ==
              0);
    }
    scratch_.write("authorized_keys", text_of(scratch_ / "client.pub"));
    scratch_.write("known_hosts", fmt::format("[127.0.0.1]:{} {}", port_, text_of(scratch_ / "hostkey.pub")));
    scratch_.write(
        "sshd_config",
        fmt::format("Port {0}\nListenAddress 127.0.0.1\nHostKey {1}/hostkey\nPidFile {1}/pid\n"
                    "AuthorizedKeysFile {1}/authorized_keys\nPasswordAuthentication no\n"
                    "KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\nMaxSessions 100\n",
                    port_, (scratch_ / "").parent_path().native()));
    scratch_.write("ssh_config",
                   fmt::format("Port {0}\nIdentityFile {1}/client\nIdentitiesOnly yes\n"
                               "UserKnownHostsFile {1}/known_hosts\nStrictHostKeyChecking yes\n",
                               port_, (scratch_ / "").parent_path().native()));
    remote_.ssh = scratch_.write(
        "ssh", fmt::format("#!/bin/sh\nexec ssh -F {} \"$@\"\n", (scratch_ / "ssh_config").native()));
    std::filesystem::permissions(remote_.ssh, std::filesystem::perms(0700));
    daemon_ = std::make_unique<Daemon>(
        std::vector<std::string>{"/usr/sbin/sshd", "-D", "-f", (scratch_ / "sshd_config").native(), "-E",
                                 (scratch_ / "log").native()},
        port_);
  }

  const Remote& remote() const { return remote_; }
  Remote& remote() { return remote_; }
  std::string place(const std::filesystem::path& directory) const {
    return fmt::format("{}@127.0.0.1:{}", user_, directory.native());
  }

 private:
  Scratch scratch_;
  int port_;
  std::string user_;
  Remote remote_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace pitr
