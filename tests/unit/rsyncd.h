#pragma once

#include <unistd.h>

#include <memory>

#include "common/store/store.h"
#include "tests/unit/daemon.h"
#include "tests/unit/scratch.h"

namespace pitr {

// A real rsync daemon of the user who runs the tests. Each of its modules is the whole machine: "files", and
// with restrictions "reading", "secret" (user wal, password sekret), "full", "old" (no --fsync) and "keeping"
// (no --delete).
class Rsyncd {
 public:
  Rsyncd() : port_(free_port()) {
    scratch_.write("secrets", "wal:sekret\n");
    std::filesystem::permissions(scratch_ / "secrets", std::filesystem::perms(0600));
    const std::string directory = (scratch_ / "").parent_path().native();
    std::string config = fmt::format(
        "address = 127.0.0.1\nport = {0}\npid file = {1}/pid\nlog file = {1}/log\nlock file = {1}/lock\n"
        "motd file = {1}/motd\nuse chroot = no\nreverse lookup = no\nlist = no\n",
        port_, directory);
    if (::geteuid() == 0) config += "uid = root\ngid = root\n";
    for (const auto& [name, restriction] :
         {std::pair{"files", std::string("read only = no")},
          {"reading", "read only = yes"},
          {"secret", fmt::format("read only = no\nauth users = wal\nsecrets file = {}/secrets", directory)},
          {"full", "max connections = -1"},
          {"old", "read only = no\nrefuse options = fsync"},
          {"keeping", "read only = no\nrefuse options = delete"},
          {"gone", "path = /missing"}}) {
      config += fmt::format("[{}]\npath = /\n{}\n", name, restriction);
    }
    scratch_.write("motd", "Welcome!\n");
    daemon_ =
        std::make_unique<Daemon>(std::vector<std::string>{"/usr/bin/rsync", "--daemon", "--no-detach",
                                                          "--config=" + scratch_.write("config", config)},
                                 port_);
  }

  std::string place(const std::filesystem::path& directory, std::string_view module = "files",
                    std::string_view user = "") const {
    return fmt::format("rsync://{}127.0.0.1:{}/{}{}", user, port_, module, directory.native());
  }

 private:
  Scratch scratch_;
  int port_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace pitr
