#include "common/piped_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace pitr {
namespace {

constexpr std::size_t most_said = 4096;

struct Pipe {
  Fd reader, writer;
};

Pipe make_pipe(const std::string& described) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(Exit::failed, "pipe to {}: {}", described, errno_text(errno));
  return {Fd(ends[0], described), Fd(ends[1], described)};
}

}  // namespace

PipedProcess::PipedProcess(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                           std::string described, std::chrono::seconds patience)
    : described_(std::move(described)), patience_(patience) {
  Pipe input = make_pipe(described_);
  Pipe output = make_pipe(described_);
  Pipe complaint = make_pipe(described_);
  // Of these none may wait in the kernel, where no patience ends it.
  ::fcntl(input.writer.number(), F_SETFL, O_NONBLOCK);
  ::fcntl(complaint.reader.number(), F_SETFL, O_NONBLOCK);
  child_ = std::make_unique<Child>(
      [&]() -> int {
        ::dup2(input.reader.number(), STDIN_FILENO);
        ::dup2(output.writer.number(), STDOUT_FILENO);
        ::dup2(complaint.writer.number(), STDERR_FILENO);
        for (const std::string& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
        execute(words, ".");
      },
      Child::Dies::by_itself);
  input_ = std::move(input.writer);
  output_ = std::move(output.reader);
  complaint_ = std::move(complaint.reader);
}

void PipedProcess::fail_with(const std::string& what) {
  take_complaint();
  const std::string words = last_words();
  fail(Exit::failed, "{}: {}{}{}", described_, what, words.empty() ? "" : ": ", words);
}

void PipedProcess::take_complaint() {
  std::array<std::byte, 1024> buffer;
  for (;;) {
    const ssize_t n = complaint_ ? read_if_ready(complaint_, buffer) : -1;
    if (n == 0) complaint_.close();
    if (n <= 0) return;
    said_.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(n));
    if (said_.size() > most_said) said_.erase(0, said_.size() - most_said);
  }
}

// Returns when a byte can go that way, or its end is there.
void PipedProcess::wait_for(Side side) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + patience_;
  for (;;) {
    throw_if_signalled();
    pollfd events[] = {{side == Side::input ? input_.number() : output_.number(),
                        static_cast<short>(side == Side::input ? POLLOUT : POLLIN), 0},
                       {complaint_.number(), POLLIN, 0}};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) fail_with(fmt::format("no answer for {} s", patience_.count()));
    // A signal between the look and the wait would be slept over: short naps bound that.
    ::poll(events, 2, static_cast<int>(std::min<long long>(left, 200)));
    if (events[1].revents != 0) take_complaint();
    if (events[0].revents != 0) return;
  }
}

void PipedProcess::write(Bytes bytes) {
  if (!input_) fail_with("its input is closed");
  while (!bytes.empty()) {
    wait_for(Side::input);
    const ssize_t n = write_if_ready(input_, bytes);
    if (n < 0) fail_with("it takes no more");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void PipedProcess::close_input() { input_.close(); }

std::size_t PipedProcess::read(std::span<std::byte> buffer) {
  wait_for(Side::output);
  return read_some(output_, buffer);
}

int PipedProcess::wait() {
  close_input();
  std::array<std::byte, 4096> dropped;
  while (output_ && read(dropped) > 0) {
  }
  output_.close();
  const auto end = std::chrono::steady_clock::now() + patience_;
  while (child_->is_running() && !child_->ended()) {
    throw_if_signalled();
    take_complaint();
    if (std::chrono::steady_clock::now() > end) fail_with(fmt::format("it does not end for {} s", patience_.count()));
  }
  take_complaint();
  return child_->status();
}

std::string PipedProcess::last_words() const {
  // Two lines say what is wrong and why; more is a banner.
  std::string text = said_;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const std::size_t last = text.rfind('\n');
  const std::size_t begin = last == text.npos || last == 0 ? text.npos : text.rfind('\n', last - 1);
  if (begin != text.npos) text.erase(0, begin + 1);
  std::erase(text, '\r');
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace pitr
