#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "common/base/stream.h"

namespace pitr {

// A sink that works on a thread of its own, so that a slow one does not hold the others up. It is opened
// there, too. What is written waits in memory, at most some MiB; then the writer waits. What goes wrong is
// thrown by the next call.
class BackgroundSink final : public Sink {
 public:
  // `may_be_left` is asked, again and again, when the caller has waited for `patience`, or the thread has
  // been silent for so long while the caller waited for others; yes: the call throws. A null result of
  // `open`: nothing is wanted there.
  struct Patience {
    std::string called = {};  // what messages say that it does
    std::chrono::seconds patience{5};
    std::function<bool()> may_be_left = [] { return false; };
  };
  BackgroundSink(Tee::Opener open, Patience patience);
  ~BackgroundSink() override;  // abandons; waits until the thread has given up

  void write(Bytes bytes) override;
  void prepare() override;
  void finish() override;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace pitr
