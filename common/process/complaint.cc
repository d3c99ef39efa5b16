#include "common/process/complaint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace pitr {
namespace {

constexpr std::size_t most_said = 4096;

}  // namespace

Pipe make_pipe(const std::string& name) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(Exit::failed, "pipe to {}: {}", name, errno_text(errno));
  return {Fd(ends[0], name), Fd(ends[1], name)};
}

Complaint::Complaint(const std::string& program) {
  Pipe pipe = make_pipe(program);
  reader_ = std::move(pipe.reader);
  writer_ = std::move(pipe.writer);
  // Nobody may wait for it in the kernel, where no patience ends it.
  ::fcntl(reader_.number(), F_SETFL, O_NONBLOCK);
}

void Complaint::take() {
  std::array<std::byte, 1024> buffer;
  for (;;) {
    const ssize_t n = reader_ ? read_if_ready(reader_, buffer) : -1;
    if (n == 0) reader_.close();
    if (n <= 0) return;
    said_.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(n));
    if (said_.size() > most_said) said_.erase(0, said_.size() - most_said);
  }
}

std::string Complaint::last_words() const {
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
