#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

namespace pitr {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

// A directory that goes away with its test.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "pitr-test.XXXXXX").native();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).native();
  }

 private:
  std::filesystem::path path_;
};

// What a child of the test did. `work` runs behind fork(): it may close, raise and set what it likes.
struct Outcome {
  int status = -1;  // exit status; 128 + the signal that killed it
  std::string out, err;
};
inline Outcome in_child(const std::function<int()>& work) {
  const Scratch scratch;
  const std::string out = scratch / "out";
  const std::string err = scratch / "err";
  std::fflush(nullptr);  // or the child would print it again
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);  // a child that hangs is a failure, not a hanging test
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) ::_exit(99);
    if (std::freopen(err.c_str(), "w", stderr) == nullptr) ::_exit(99);
    std::setvbuf(stderr, nullptr, _IONBF, 0);  // as it is in every program
    // doctest reports a signal as a failure of the test, and it would go on with the tests in the child.
    for (const int number : {SIGTERM, SIGINT, SIGABRT, SIGSEGV, SIGFPE, SIGILL}) ::signal(number, SIG_DFL);
    int status = 98;
    try {
      status = work();
    } catch (...) {
      std::fputs("an exception left the work of the child\n", stderr);
    }
    std::fflush(nullptr);
    ::_exit(status);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(out), text_of(err)};
}

}  // namespace pitr
