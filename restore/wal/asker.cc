#include "restore/wal/asker.h"

#include "common/os/file.h"

namespace pitr {

Asker asker(const std::filesystem::path& data_directory) {
  // With both files PostgreSQL is a standby.
  if (is_there(data_directory / "standby.signal")) return Asker::standby;
  if (is_there(data_directory / "recovery.signal")) return Asker::recovery;
  return Asker::other;
}

bool promotion_requested(const std::filesystem::path& data_directory) {
  return is_there(data_directory / "promote");
}

Answer answer_for_failure(Asker who) {
  switch (who) {
    case Asker::recovery:
      return Answer::stop_recovery;
    case Asker::standby:
    case Asker::other:
      return Answer::ask_again;
  }
  __builtin_unreachable();
}

}  // namespace pitr
