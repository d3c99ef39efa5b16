#include "common/os/fd.h"
#include "common/os/file_source.h"
#include "common/os/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = Fd(ends[0], "pipe");
    writer = Fd(ends[1], "pipe");
  }
  Fd reader, writer;
};

std::string read_all(const Fd& fd) {
  std::string text;
  std::byte buffer[1000];
  while (const std::size_t n = read_some(fd, buffer)) text.append(reinterpret_cast<const char*>(buffer), n);
  return text;
}

// From now on this process gets `number` every millisecond: sooner or later inside a blocked call.
void send_me_often(int number) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = number;
  timer_t timer;
  const itimerspec every{{0, 1'000'000}, {0, 1'000'000}};
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      ::timer_settime(timer, 0, &every, nullptr) != 0) {
    ::_exit(98);
  }
}

int count_open() {
  int count = 0;
  for (int number = 0; number < 256; ++number) count += ::fcntl(number, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

// The status of the child: 0 when `step` threw an Error with this message.
template <typename F>
int throws(std::string_view message, F step) {
  const Failure failure = failure_of(step);
  if (failure.message == message) return 0;
  std::fprintf(stderr, "%s", failure.message.c_str());
  return 1;
}

void make_socket(const std::string& path) {
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  REQUIRE(::bind(fd.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

}  // namespace

TEST_CASE("a descriptor is closed with its owner, once") {
  const int before = count_open();
  {
    Fd one(::open("/dev/null", O_RDONLY | O_CLOEXEC), "one");
    Fd other(::open("/dev/null", O_RDONLY | O_CLOEXEC), "other");
    CHECK(count_open() == before + 2);
    const int number = other.number();
    one = std::move(other);
    CHECK(count_open() == before + 1);
    CHECK(one.number() == number);
    CHECK(one.name() == "other");
    const Fd third = std::move(one);
    CHECK(third.number() == number);
    CHECK_FALSE(one);  // NOLINT: what a moved one is, is part of the contract
    CHECK(count_open() == before + 1);
  }
  CHECK(count_open() == before);
  Fd none;
  CHECK_FALSE(none);
  none.close();
  CHECK(count_open() == before);
}

TEST_CASE("a missing file is null, and so is one in a missing directory") {
  const Scratch scratch;
  const int before = count_open();
  CHECK_FALSE(open_if_there(scratch / "missing", O_RDONLY));
  CHECK_FALSE(open_if_there(scratch / "missing/file", O_RDONLY));
  CHECK_FALSE(open_if_there(scratch / "missing", O_RDONLY | O_DIRECTORY));
  std::filesystem::create_symlink("nowhere", scratch / "link");
  CHECK_FALSE(open_if_there(scratch / "link", O_RDONLY));
  CHECK(count_open() == before);
}

TEST_CASE("whatever else keeps a file from being opened is an error, never a missing file") {
  const Scratch scratch;
  scratch.write("file", "x");
  std::filesystem::create_symlink("file", scratch / "link");
  std::filesystem::create_symlink("loop", scratch / "loop");
  struct Row {
    std::string name;
    int flags;
    std::string reason;
  };
  const Row rows[] = {
      {"link", O_RDONLY | O_NOFOLLOW, "a symbolic link, which is not followed here"},
      {"loop", O_RDONLY, "too many levels of symbolic links"},
      {"file/below", O_RDONLY, "not a directory"},
      {"file", O_RDONLY | O_DIRECTORY, "not a directory"},
      {".", O_WRONLY, "is a directory"},
      {std::string(256, 'x'), O_RDONLY, "file name too long"},
  };
  for (const Row& row : rows) {
    const std::string path = (scratch / row.name).native();
    for (const Failure& failure : {failure_of([&] { return open_if_there(path, row.flags); }),
                                   failure_of([&] { return open_file(path, row.flags); })}) {
      CHECK(failure.code == Exit::failed);
      CHECK(failure.message == "open " + path + ": " + row.reason);
    }
  }
  const std::string missing = (scratch / "missing").native();
  CHECK(failure_of([&] { return open_file(missing, O_RDONLY); }).message ==
        "open " + missing + ": no such file or directory");
}

TEST_CASE("a file is opened below an open directory, and messages call it by its whole path") {
  const Scratch scratch;
  scratch.write("file", "x");
  const Fd directory = open_file(scratch / "", O_RDONLY | O_DIRECTORY);
  const Fd file = open_if_there(directory, "file", O_RDONLY);
  REQUIRE(file);
  CHECK(file.name() == (scratch / "file").native());
  CHECK(read_all(file) == "x");
  CHECK_FALSE(open_if_there(directory, "missing", O_RDONLY));
  const Failure failure = failure_of([&] { return open_file(directory, "missing", O_RDONLY); });
  CHECK(failure.message == "open " + (scratch / "missing").native() + ": no such file or directory");
}

TEST_CASE("no descriptor is handed on to another program") {
  const Scratch scratch;
  const std::string path = scratch.write("file", "x");
  const Fd directory = open_file(scratch / "", O_RDONLY | O_DIRECTORY);
  const Fd files[] = {open_file(path, O_RDONLY), open_if_there(path, O_RDONLY),
                      open_if_there(directory, "file", O_RDONLY),
                      open_file(scratch / "new", O_WRONLY | O_CREAT, 0600)};
  for (const Fd& file : files) CHECK((::fcntl(file.number(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a regular file is read, and its size told") {
  const Scratch scratch;
  FileSource source = open_regular(scratch.write("file", "0123456789"));
  CHECK(source.size() == 10);
  std::byte buffer[4];
  CHECK(read_full(source, buffer) == 4);
  CHECK(read_all(source.fd()) == "456789");
  CHECK(source.read(buffer) == 0);
  CHECK(source.read(buffer) == 0);
  CHECK(open_regular(scratch.write("empty", "")).size() == 0);
}

TEST_CASE("bytes are read anywhere in a file without moving in it") {
  const Scratch scratch;
  const Fd file = open_file(scratch.write("file", "0123456789"), O_RDONLY);
  std::byte buffer[4];
  const auto at = [&](std::uint64_t offset) {
    return std::string(reinterpret_cast<const char*>(buffer), read_at(file, buffer, offset));
  };
  CHECK(at(3) == "3456");
  CHECK(at(8) == "89");
  CHECK(at(10) == "");
  CHECK(at(1ULL << 40) == "");
  CHECK(at(0) == "0123");
  CHECK(read_all(file) == "0123456789");
}

TEST_CASE("what is no regular file is refused and never waited for") {
  const Scratch scratch;
  scratch.write("file", "x");
  std::filesystem::create_symlink("file", scratch / "link");
  REQUIRE(::mkfifo((scratch / "fifo").c_str(), 0600) == 0);
  make_socket(scratch / "socket");
  std::filesystem::create_directory(scratch / "directory");
  for (const std::string name : {"link", "fifo", "socket", "directory", "missing"}) {
    CAPTURE(name);
    const std::string path = (scratch / name).native();
    const Failure failure = failure_of([&] { return open_regular(path); });
    CHECK(failure.code == Exit::failed);
    CHECK(failure.message.starts_with("open " + path + ": "));
  }
  CHECK(failure_of([&] { return open_regular("/dev/null"); }).message ==
        "open /dev/null: not a regular file");
  CHECK(failure_of([&] { return open_regular(scratch / "link"); }).mentions("a symbolic link"));
}

TEST_CASE("an error of read or write names the file") {
  const Scratch scratch;
  const std::string path = scratch.write("file", "x");
  std::byte buffer[4];
  const Fd writer = open_file(path, O_WRONLY);
  CHECK(failure_of([&] { return read_some(writer, buffer); }).message ==
        "read " + path + ": bad file descriptor");
  const Fd reader = open_file(path, O_RDONLY);
  CHECK(failure_of([&] { write_all(reader, buffer); }).message == "write " + path + ": bad file descriptor");
  const Fd directory = open_file(scratch / "", O_RDONLY);
  CHECK(failure_of([&] { return read_some(directory, buffer); }).mentions("is a directory"));
  const Fd full = open_file("/dev/full", O_WRONLY);
  CHECK(failure_of([&] { write_all(full, buffer); }).message == "write /dev/full: no space left on device");
  CHECK(failure_of([] { return file_status(Fd(1 << 20, "no one")); }).message ==
        "stat no one: bad file descriptor");
}

TEST_CASE("writing nothing writes nothing") {
  const Scratch scratch;
  const std::string path = scratch.write("file", "");
  write_all(open_file(path, O_WRONLY), {});
  CHECK(text_of(path).empty());
}

TEST_CASE("interrupted and short writes arrive whole") {
  const Outcome outcome = in_child([] {
    remember_user_signal();
    Pipe pipe;
    std::string text(8 << 20, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 251);
    std::string received;
    std::thread reader([&] { received = read_all(pipe.reader); });
    // Both ends are interrupted; the pipe holds 64 kB: nearly every write is a short one.
    send_me_often(SIGUSR1);
    write_all(pipe.writer, as_bytes(text));
    pipe.writer.close();
    reader.join();
    if (!user_signal_caught()) return 2;
    return received == text ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("SIGTERM, SIGINT and SIGHUP end whatever goes on with an error") {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    CAPTURE(number);
    const Outcome outcome = in_child([&] {
      const Scratch scratch;
      const std::string path = scratch.write("file", "x");
      const Fd file = open_file(path, O_RDWR);
      catch_signals();
      throw_if_signalled();
      if (caught_signal() != 0) return 2;
      ::raise(number);
      if (caught_signal() != number) return 3;
      const std::string message = fmt::format("interrupted by SIG{}", sigabbrev_np(number));
      std::byte buffer[4];
      return throws(message, [] { throw_if_signalled(); }) +
             throws(message, [&] { return read_some(file, buffer); }) +
             throws(message, [&] { write_all(file, buffer); }) +
             throws(message, [&] { return open_file(path, O_RDONLY); }) +
             throws(message, [&] { return open_if_there(path, O_RDONLY); }) +
             throws(message, [&] { return open_regular(path); }) + throws(message, [] { pause_for(50); });
    });
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
  }
}

TEST_CASE("a signal ends a read that waits for bytes, and a pause") {
  const Outcome reading = in_child([] {
    const Pipe pipe;
    catch_signals();
    send_me_often(SIGTERM);
    std::byte buffer[4];
    return throws("interrupted by SIGTERM", [&] { return read_some(pipe.reader, buffer); });
  });
  CHECK(reading.status == 0);
  const Outcome pausing = in_child([] {
    catch_signals();
    send_me_often(SIGHUP);
    return throws("interrupted by SIGHUP", [] { pause_for(50); });
  });
  CHECK(pausing.status == 0);
}

TEST_CASE("a program that was started to survive the end of its terminal does") {
  const Outcome outcome = in_child([] {
    ::signal(SIGHUP, SIG_IGN);  // as nohup does
    catch_signals();
    ::raise(SIGHUP);
    return caught_signal();
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a reader that went away and a size limit are errors of the write, not the end of the program") {
  const Outcome outcome = in_child([] {
    catch_signals();
    Pipe pipe;
    pipe.reader.close();
    const int broken = throws("write pipe: broken pipe", [&] { write_all(pipe.writer, as_bytes("x")); });
    const Scratch scratch;
    const std::string path = (scratch / "file").native();
    const Fd file = open_file(path, O_WRONLY | O_CREAT, 0600);
    const rlimit limit{4, 4};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const int limited =
        throws("write " + path + ": file too large", [&] { write_all(file, as_bytes("123456")); });
    return broken + 2 * limited;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("SIGUSR1 is remembered and interrupts nothing") {
  const Outcome outcome = in_child([] {
    const Scratch scratch;
    const Fd file = open_file(scratch.write("file", "text"), O_RDONLY);
    remember_user_signal();
    if (user_signal_caught()) return 2;
    ::raise(SIGUSR1);
    if (!user_signal_caught() || caught_signal() != 0) return 3;
    pause_for(0.001);
    return read_all(file) == "text" ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a pause lasts as long as it should") {
  using Clock = std::chrono::steady_clock;
  for (const double seconds : {-1.0, 0.0, 0.02, 0.15}) {
    const auto start = Clock::now();
    pause_for(seconds);
    const double passed = std::chrono::duration<double>(Clock::now() - start).count();
    CHECK(passed >= seconds - 0.001);
  }
}
