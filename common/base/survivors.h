#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/error.h"

namespace pitr {

// Those that do one work side by side, each without the others. One that fails drops out and is told of; the
// Error of the last one is thrown.
template <typename T>
class Survivors {
 public:
  // `dropped`: null when it could not even be made.
  using Tell = std::function<void(const Error& error, const T* dropped)>;
  explicit Survivors(Tell tell) : tell_(std::move(tell)) {}

  T& add(std::unique_ptr<T> one) { return *left_.emplace_back(std::move(one)); }
  // Of one that could not even be made.
  void note_failure(const Error& error) {
    any_failed_ = true;
    tell_(error, nullptr);
  }

  // Nothing happens for one that has dropped out.
  template <typename F>
  void attempt(T& one, F step) {
    const auto at = std::ranges::find(left_, &one, [](const auto& each) { return each.get(); });
    if (all_failed_ || at == left_.end()) return;
    try {
      step(one);
    } catch (const Error& error) {
      any_failed_ = true;
      if (left_.size() == 1) {
        all_failed_ = true;
        throw;
      }
      // Others may still refer to it.
      dropped_.push_back(std::move(*at));
      left_.erase(at);
      tell_(error, dropped_.back().get());
    }
  }
  template <typename F>
  void each(F step) {
    for (T* one : left()) attempt(*one, step);
  }

  // When all have failed: the last one.
  std::vector<T*> left() const {
    std::vector<T*> all;
    for (const auto& each : left_) all.push_back(each.get());
    return all;
  }
  bool any_left() const { return !all_failed_ && !left_.empty(); }
  bool any_failed() const { return any_failed_; }

 private:
  Tell tell_;
  std::vector<std::unique_ptr<T>> left_, dropped_;
  bool any_failed_ = false, all_failed_ = false;
};

}  // namespace pitr
