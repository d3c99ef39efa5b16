#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pitr {

// One thing that is wrong: which file, where in it as far as that can be known, and why.
struct Finding {
  enum class Kind {
    damaged,
    missing,
    unknown,  // could not look: nothing is said about the file
  };
  Kind kind;
  std::string file;                          // with its path; of something missing: where it should be
  std::string member = {};                   // of a tar; "" when it is not known, or the whole file is meant
  std::optional<std::uint64_t> offset = {};  // in the stored file
  std::string reason;
};

// Collects findings, from any thread. A disk that is gone for good gives a million of them: the first ones
// are kept, the rest is counted.
class Findings {
 public:
  void add(Finding finding);
  // Something worth knowing that is not wrong.
  void note(const std::string& text) { notes_.push_back(text); }

  // Runs `check`; an Error that leaves it becomes a finding about `file`. False: there was one. A signal ends
  // all.
  bool attempt(const std::string& file, const std::function<void()>& check);

  const std::vector<Finding>& kept() const { return kept_; }
  const std::vector<std::string>& notes() const { return notes_; }
  std::size_t count() const { return count_; }
  std::size_t unknown() const { return unknown_; }  // of them
  bool any_unknown() const { return unknown_ > 0; }

 private:
  std::mutex mutex_;
  std::vector<Finding> kept_;
  std::vector<std::string> notes_;
  std::size_t count_ = 0;
  std::size_t unknown_ = 0;
};

}  // namespace pitr
