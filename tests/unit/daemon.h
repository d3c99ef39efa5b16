#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace pitr {

// A socket of the loopback interface, with a port that was free; nobody listens to it yet.
class LoopbackSocket {
 public:
  LoopbackSocket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    REQUIRE(::bind(number_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(number_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~LoopbackSocket() { ::close(number_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  int number() const { return number_; }
  int port() const { return port_; }

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

 private:
  int number_;
  int port_ = 0;
};

// A port that was free a moment ago.
inline int free_port() { return LoopbackSocket().port(); }

inline bool answers(int port) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = LoopbackSocket::loopback(port);
  const bool connected = ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(client);
  return connected;
}

// A real server on a port of the loopback interface, in the foreground; it ends with the object.
class Daemon {
 public:
  Daemon(std::vector<std::string> words, int port) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    number_ = ::fork();
    REQUIRE(number_ >= 0);
    if (number_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      // What it starts for a connection may outlive the test, whose output somebody reads to its end.
      const int nothing = ::open("/dev/null", O_RDWR);
      for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, number);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!answers(port)) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      REQUIRE(::waitpid(number_, nullptr, WNOHANG) == 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ~Daemon() {
    ::kill(number_, SIGTERM);
    ::waitpid(number_, nullptr, 0);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

 private:
  pid_t number_ = 0;
};

}  // namespace pitr
