#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/store/store.h"

namespace pitr {

struct ProgramCall {
  std::vector<std::string> words;
  std::string described;  // what messages call it
};

// A place that can only be written to: each file is the standard input of a program. It tells nothing of what
// it has.
std::unique_ptr<Store> open_program(std::string described, std::function<ProgramCall(const Name&)> call_for,
                                    std::chrono::seconds patience);

}  // namespace pitr
