#pragma once

#include <atomic>
#include <cstdint>

namespace pitr {

// How a process of ours gets on, for the one that watches it: counted in memory that both share.
class Headway {
 public:
  Headway();  // throws when there is no memory to share
  ~Headway();
  Headway(const Headway&) = delete;
  Headway& operator=(const Headway&) = delete;

  // From here on the calling process counts; for a process that was forked behind the constructor.
  void count_here();

  // Reads and writes that have returned, and what other programs said.
  std::uint32_t steps() const { return counts_->steps; }
  // Naps while another program is silent, which has a limit of its own.
  std::uint32_t naps() const { return counts_->naps; }

  struct Counts {
    std::atomic<std::uint32_t> steps, naps;
  };

 private:
  Counts* counts_;
};

// What is counted, by who does it. Nothing happens where nobody watches.
void count_step();
void count_nap();

}  // namespace pitr
