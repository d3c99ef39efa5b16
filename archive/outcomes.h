#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "archive/archive.h"

namespace pitr {

// What becomes of one file at each of its destinations.
class Outcomes {
 public:
  explicit Outcomes(const ArchiveTargets& targets)
      : targets_(targets), states_(targets.destinations.size(), State::open), reasons_(states_.size()) {}

  enum class State {
    open,     // not known yet
    stored,   // durable there
    spooled,  // durable in the spool
    missing,
  };
  State state(std::size_t destination) const { return states_[destination]; }
  const std::string& reason(std::size_t destination) const {
    return reasons_[destination];
  }  // of a missing one

  bool is_enough() const {
    return targets_.requirement.is_met_by(those([](State state) { return state == State::stored; }));
  }
  bool has_open() const { return std::ranges::find(states_, State::open) != states_.end(); }
  // Would it be enough if all others that may still succeed did?
  bool can_do_without(std::size_t destination) const;
  // The places on other hosts that hold the file.
  std::set<std::string> remote_places() const;

  // A branch of a Tee that is watched: when it finishes, the destination is `done`; when it throws, missing.
  // `open` gives null when the destination needs nothing: it is `done`, and the result is null.
  std::unique_ptr<Sink> watched(std::size_t destination, State done, const Tee::Opener& open);

 private:
  class Watched;
  template <typename F>
  std::vector<bool> those(F wanted) const {
    std::vector<bool> result;
    for (const State state : states_) result.push_back(wanted(state));
    return result;
  }

  const ArchiveTargets& targets_;
  std::vector<State> states_;
  std::vector<std::string> reasons_;
};

}  // namespace pitr
