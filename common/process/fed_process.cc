#include "common/process/fed_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/signals.h"

namespace pitr {

// Ends with an Error when the number of unread bytes stays the same for too long.
class FedProcess::Patience {
 public:
  explicit Patience(FedProcess& process) : process_(process), unread_(process.unread()) {}
  void check() {
    using Clock = std::chrono::steady_clock;
    const std::size_t now_unread = process_.unread();
    if (now_unread != unread_) since_ = Clock::now();
    unread_ = now_unread;
    if (unread_ > 0 && Clock::now() - since_ > process_.patience_) {
      process_.fail_with(fmt::format("it takes no byte for {} s", process_.patience_.count()));
    }
  }

 private:
  FedProcess& process_;
  std::size_t unread_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

FedProcess::FedProcess(const std::vector<std::string>& words, std::string described,
                       std::chrono::seconds patience)
    : described_(std::move(described)), patience_(patience), complaint_(described_) {
  Pipe input = make_pipe(described_);
  // It must not wait in the kernel, where no patience ends it.
  ::fcntl(input.writer.number(), F_SETFL, O_NONBLOCK);
  child_ = std::make_unique<Child>(
      [&]() -> int {
        ::dup2(input.reader.number(), STDIN_FILENO);
        ::dup2(complaint_.writer().number(), STDOUT_FILENO);
        ::dup2(complaint_.writer().number(), STDERR_FILENO);
        execute(words, ".");
      },
      Child::Dies::with_group);
  complaint_.close_writer();
  reader_ = std::move(input.reader);
  writer_ = std::move(input.writer);
}

FedProcess::~FedProcess() {
  // Before the input is closed.
  child_.reset();
}

std::size_t FedProcess::unread() const {
  int count = 0;
  if (::ioctl(reader_.number(), FIONREAD, &count) != 0)
    fail(Exit::failed, "{}: {}", described_, errno_text(errno));
  return static_cast<std::size_t>(count);
}

// Waits until something happens, or a moment.
void FedProcess::nap(short input_event) {
  constexpr int milliseconds = 200;
  throw_if_signalled();
  // A number below zero is passed over.
  pollfd events[] = {{input_event != 0 ? writer_.number() : -1, input_event, 0},
                     {complaint_.reader().number(), POLLIN, 0},
                     {child_->descriptor().number(), POLLIN, 0}};
  ::poll(events, 3, milliseconds);
  complaint_.take();
}

void FedProcess::fail_with(const std::string& what) {
  complaint_.take();
  const std::string words = complaint_.last_words();
  fail(Exit::failed, "{}: {}{}{}", described_, what, words.empty() ? "" : ": ", words);
}

void FedProcess::fail_with_status() {
  const int status = child_->status();
  constexpr int cannot_run = 127, signalled = 128;
  if (status == cannot_run && complaint_.said().empty()) {
    fail_with("it cannot be run (is it there, and executable?)");
  }
  fail_with(status > signalled ? fmt::format("it was killed by signal {}", status - signalled)
                               : fmt::format("it ended with status {}", status));
}

void FedProcess::require_running() {
  if (child_->is_running()) {
    pollfd event{child_->descriptor().number(), POLLIN, 0};
    if (::poll(&event, 1, 0) == 0 || !child_->ended()) return;
  }
  complaint_.take();
  if (child_->status() != 0) fail_with_status();
  fail_with("it ended before it had read everything");
}

void FedProcess::write(Bytes bytes) {
  Patience patience(*this);
  while (!bytes.empty()) {
    require_running();
    pollfd event{writer_.number(), POLLOUT, 0};
    if (::poll(&event, 1, 0) == 1) {
      const ssize_t n = write_if_ready(writer_, bytes);
      if (n < 0) fail_with("it takes no more");
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    } else {
      nap(POLLOUT);
    }
    patience.check();
  }
}

void FedProcess::finish() {
  writer_.close();
  Patience patience(*this);
  while (child_->is_running() && !child_->ended()) {
    throw_if_signalled();
    complaint_.take();
    patience.check();
  }
  complaint_.take();
  if (child_->status() != 0) fail_with_status();
  if (const std::size_t left = unread(); left > 0)
    fail_with(fmt::format("it ended with {} bytes unread", left));
  child_->leave_group();
}

}  // namespace pitr
