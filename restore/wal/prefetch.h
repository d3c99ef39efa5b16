#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "restore/wal/asker.h"
#include "restore/wal/prefetch_spool.h"
#include "restore/wal/restore.h"

namespace pitr {

// One call's part in prefetching. Nothing that goes wrong here changes an answer: it is told in verbose, and
// the call does without.
class Prefetch {
 public:
  // `directory` empty or `segments` 0: no prefetch; nor for a file that is not asked for by recovery.
  Prefetch(const std::filesystem::path& directory, int segments, const RestoreRequest& request, Log& log);

  // True: the segment was in the spool, and is at the request's target. That it is not there says nothing.
  bool hand_over();
  // Once the answer is settled: starts the worker that fetches what comes next, a program given by its
  // command line, or removes a spool that nobody needs.
  void conclude(Answer answer, const std::function<std::vector<std::string>()>& worker);

 private:
  void remove_unless_filled();

  const RestoreRequest& request_;
  Log& log_;
  std::optional<PrefetchSpool> spool_;  // null: no prefetch
};

}  // namespace pitr
