#include "common/cli/pace.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "common/base/number.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

std::string amount(double bytes) {
  constexpr std::array units = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, units[unit]);
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

MaxRate::MaxRate(const std::string& text) {
  if (text.starts_with('/')) {
    path_ = text;
  } else if (rate_ = parse_size(text); !rate_) {
    fail(Exit::usage, "{}: neither a rate (20M is 20 MiB per second) nor the path of a file with one", text);
  }
}

std::optional<std::uint64_t> MaxRate::now() {
  const auto time = std::chrono::steady_clock::now();
  if (path_.empty() || time - read_ < std::chrono::seconds(1)) return rate_;
  read_ = time;
  const Fd file = open_if_there(path_, O_RDONLY | O_NONBLOCK);
  if (!file) return rate_;
  std::array<std::byte, 64> buffer;
  std::string_view text(reinterpret_cast<const char*>(buffer.data()), read_some(file, buffer));
  text = text.substr(0, text.find_first_of(" \t\r\n"));
  if (const auto rate = parse_size(text)) rate_ = rate;
  return rate_;
}

Pace::Pace(const PaceOptions& options, std::uint64_t expected, mode_t mode)
    : max_rate_(options.max_rate), on_terminal_(options.on_terminal), expected_(expected) {
  if (!options.progress_file.empty()) {
    progress_file_ = open_file(options.progress_file, O_WRONLY | O_CREAT | O_APPEND, mode);
  }
}

Pace::~Pace() {
  if (on_terminal_ && told_ != start_) std::fputc('\n', stderr);
}

void Pace::advance(std::size_t bytes) {
  done_ += bytes;
  hold_back(bytes);
  if (Clock::now() - told_ >= std::chrono::seconds(1)) tell();
}

void Pace::hold_back(std::size_t bytes) {
  const auto rate = max_rate_.now();
  if (!rate) return;
  const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(*rate));
  // What was not used in an idle second is not made up for later.
  due_ = std::max(due_, Clock::now() - std::chrono::seconds(1)) +
         std::chrono::duration_cast<Clock::duration>(cost);
  while (Clock::now() < due_) {
    const std::chrono::duration<double> left = due_ - Clock::now();
    pause_for(std::min(left.count(), 1.0));
    if (Clock::now() - told_ >= std::chrono::seconds(1)) tell();
  }
}

void Pace::tell() {
  told_ = Clock::now();
  const double seconds = std::chrono::duration<double>(told_ - start_).count();
  const double rate = static_cast<double>(done_) / seconds;
  const std::uint64_t total = std::max(expected_, done_);
  const double left = static_cast<double>(total - done_) / rate;
  if (on_terminal_) {
    std::fputs(fmt::format("\r{} of {}, {}/s, {} left   ", amount(static_cast<double>(done_)),
                           amount(static_cast<double>(total)), amount(rate), duration(left))
                   .c_str(),
               stderr);
  }
  if (!progress_file_) return;
  try {
    const std::string line =
        fmt::format(R"({{"bytes": {}, "total": {}, "bytes_per_second": {:.0f}, "seconds_left": {:.0f}}})"
                    "\n",
                    done_, total, rate, left);
    write_all(progress_file_, as_bytes(line));
  } catch (const Error&) {
    progress_file_ = Fd();
  }
}

}  // namespace pitr
