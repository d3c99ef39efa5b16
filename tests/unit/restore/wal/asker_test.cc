#include "restore/wal/asker.h"

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("who asks is told by the signal files") {
  const Scratch scratch;
  CHECK(asker(scratch / "") == Asker::other);
  scratch.write("recovery.signal", "");
  CHECK(asker(scratch / "") == Asker::recovery);
  scratch.write("standby.signal", "");
  CHECK(asker(scratch / "") == Asker::standby);  // with both files PostgreSQL is a standby
  std::filesystem::remove(scratch / "recovery.signal");
  CHECK(asker(scratch / "") == Asker::standby);
  std::filesystem::remove(scratch / "standby.signal");
  for (const std::string other :
       {"recovery.conf", "recovery.done", "standby.signal.bak", "RECOVERY.SIGNAL"}) {
    scratch.write(other, "");
    CHECK(asker(scratch / "") == Asker::other);
  }
}

TEST_CASE("a promotion is asked for by the file promote") {
  const Scratch scratch;
  CHECK_FALSE(promotion_requested(scratch / ""));
  scratch.write("promote", "");
  CHECK(promotion_requested(scratch / ""));
}

TEST_CASE("a failure is never answered with the end of the WAL") {
  CHECK(answer_for_failure(Asker::recovery) == Answer::stop_recovery);
  CHECK(answer_for_failure(Asker::standby) == Answer::ask_again);
  CHECK(answer_for_failure(Asker::other) == Answer::ask_again);
  CHECK(static_cast<int>(Answer::restored) == 0);
  CHECK(static_cast<int>(Answer::absent) == 1);
  CHECK(static_cast<int>(Answer::ask_again) == 2);
  CHECK(static_cast<int>(Answer::stop_recovery) > 125);
}
