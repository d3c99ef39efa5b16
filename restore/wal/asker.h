#pragma once

#include <filesystem>

#include "common/base/error.h"

namespace pitr {

// What PostgreSQL makes of pitr-restore's exit status (docs/exit-status.md):
//   0       uses the file
//   1..125  "there is no such file": under recovery.signal recovery ends HERE and the server promotes
//   126..   FATAL: the server stops, nothing is lost, the next start goes on
// So 1 is said only of a file that is proven to be in no source.
enum class Answer { restored = 0, absent = 1, ask_again = 2, stop_recovery = 200 };

// Who is asking, by the signal files in the data directory at the moment of the question.
enum class Asker {
  recovery,  // recovery.signal alone: takes 1..125 as the end of the WAL
  standby,   // standby.signal: asks again by itself; 126.. would take it down
  other,     // neither: pg_rewind, a person, or PostgreSQL just after it removed recovery.signal
};
Asker asker(const std::filesystem::path& data_directory);

// Has somebody asked this standby to promote? Then every wait ends.
bool promotion_requested(const std::filesystem::path& data_directory);

// The answer for "could not look", and for everything else that is neither restored nor proven absent.
Answer answer_for_failure(Asker asker);

}  // namespace pitr
