#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/os/fd.h"

namespace pitr {

// "--max-rate": bytes per second, "500k", "20M", "1G"; or the absolute path of a file that holds such a
// number and is read again every second. Throws usage when it is neither.
class MaxRate {
 public:
  MaxRate() = default;  // no limit
  explicit MaxRate(const std::string& text);
  // Bytes per second now; null: no limit. A file that is missing or does not parse keeps the last rate.
  std::optional<std::uint64_t> now();

 private:
  std::string path_;
  std::optional<std::uint64_t> rate_;
  std::chrono::steady_clock::time_point read_{};
};

struct PaceOptions {
  MaxRate max_rate;
  bool on_terminal = false;   // one line on stderr, redrawn every second
  std::string progress_file;  // one JSON object per second is appended; "" for none
};

// How fast a copy goes: holds it back to the wanted rate and tells how far it is. Telling never fails the
// copy.
class Pace {
 public:
  // `expected`: bytes in all, as far as known; 0 for unknown.
  Pace(const PaceOptions& options, std::uint64_t expected, mode_t mode);
  ~Pace();
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

  // So many bytes were read. Waits as the rate demands.
  void advance(std::size_t bytes);

 private:
  using Clock = std::chrono::steady_clock;
  void hold_back(std::size_t bytes);
  void tell();

  MaxRate max_rate_;
  bool on_terminal_;
  Fd progress_file_;
  std::uint64_t expected_;
  std::uint64_t done_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point told_ = start_;
  Clock::time_point due_ = start_;  // when the bytes so far may have been read
};

}  // namespace pitr
