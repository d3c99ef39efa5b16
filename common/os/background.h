#pragma once

#include <functional>
#include <memory>

#include "common/base/stream.h"

namespace pitr {

// Turns what pushes into something to pull from: `produce` runs on a thread of its own and writes into the
// sink that it gets, at most a few hundred KiB ahead of the reader. What it throws, the reader's next read()
// throws. A source that is destroyed before its end makes the writes of `produce` throw, and waits until it
// has ended.
std::unique_ptr<Source> in_background(std::function<void(Sink&)> produce);

}  // namespace pitr
