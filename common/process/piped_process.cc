#include "common/process/piped_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "common/os/headway.h"
#include "common/os/signals.h"

namespace pitr {

PipedProcess::PipedProcess(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                           std::string described, std::chrono::seconds patience, const Fd* stdin_file)
    : described_(std::move(described)), patience_(patience), complaint_(described_) {
  Pipe input = make_pipe(described_);
  Pipe output = make_pipe(described_);
  // It must not wait in the kernel, where no patience ends it.
  ::fcntl(input.writer.number(), F_SETFL, O_NONBLOCK);
  child_ = std::make_unique<Child>(
      [&]() -> int {
        ::dup2(stdin_file != nullptr ? stdin_file->number() : input.reader.number(), STDIN_FILENO);
        ::dup2(output.writer.number(), STDOUT_FILENO);
        ::dup2(complaint_.writer().number(), STDERR_FILENO);
        for (const std::string& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
        execute(words, ".");
      },
      // No closed pipe tells a program to end whose stdin is a file.
      stdin_file == nullptr ? Child::Dies::by_itself : Child::Dies::with_us);
  complaint_.close_writer();
  if (stdin_file == nullptr) input_ = std::move(input.writer);
  output_ = std::move(output.reader);
}

void PipedProcess::fail_with(const std::string& what) {
  complaint_.take();
  const std::string words = complaint_.last_words();
  fail(Exit::failed, "{}: {}{}{}", described_, what, words.empty() ? "" : ": ", words);
}

// Returns when a byte can go that way, or its end is there.
void PipedProcess::wait_for(Side side) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + patience_;
  for (;;) {
    throw_if_signalled();
    pollfd events[] = {{side == Side::input ? input_.number() : output_.number(),
                        static_cast<short>(side == Side::input ? POLLOUT : POLLIN), 0},
                       {complaint_.reader().number(), POLLIN, 0}};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) fail_with(fmt::format("no answer for {} s", patience_.count()));
    // A signal between the look and the wait would be slept over: short naps bound that.
    ::poll(events, 2, static_cast<int>(std::min<long long>(left, 200)));
    const bool is_silent = events[0].revents == 0 && events[1].revents == 0;
    is_silent ? count_nap() : count_step();
    if (events[1].revents != 0) complaint_.take();
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
    count_nap();
    complaint_.take();
    if (std::chrono::steady_clock::now() > end)
      fail_with(fmt::format("it does not end for {} s", patience_.count()));
  }
  complaint_.take();
  return child_->status();
}

}  // namespace pitr
