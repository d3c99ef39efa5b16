#pragma once

#include <string>

#include "common/base/error.h"
#include "common/os/signals.h"

namespace pitr {

// The Error or the interruption that leaves `step`; {done, ""} when none does.
struct Failure {
  Exit code = Exit::done;
  std::string message;
  bool mentions(std::string_view part) const { return message.find(part) != std::string::npos; }
};
template <typename F>
Failure failure_of(F&& step) {
  try {
    (void)step();
    return {};
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const Interrupted& interruption) {
    return {Exit::failed, interruption.what()};
  }
}

}  // namespace pitr
