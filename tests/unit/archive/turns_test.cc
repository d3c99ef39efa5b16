#include "archive/turns.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "common/base/error.h"
#include "common/os/parallel_for.h"
#include "tests/unit/failure.h"

using namespace pitr;

TEST_CASE("what is made by several threads has its turns in order") {
  for (int round = 0; round < 20; ++round) {
    Turns turns;
    std::vector<std::size_t> order;  // guarded by the turns
    parallel_for(50, 4, [&](std::size_t i) {
      Turns::Turn turn(turns, i);
      if (turn.comes()) order.push_back(i);
      turn.go_on();
    });
    REQUIRE(order.size() == 50);
    CHECK(std::ranges::is_sorted(order));
    CHECK_FALSE(turns.over());
  }
}

TEST_CASE("the row ends with the first turn that does not go on, and everybody behind it is told") {
  for (const std::size_t bad : {0, 7, 19}) {
    Turns turns;
    std::vector<std::size_t> order;
    parallel_for(20, 4, [&](std::size_t i) {
      Turns::Turn turn(turns, i);
      if (i == bad) return;  // not even waited for
      if (!turn.comes()) return;
      order.push_back(i);
      turn.go_on();
    });
    CHECK(order.size() == bad);
    CHECK(turns.over());
  }
}

TEST_CASE("a turn that is left by an exception ends the row, and nobody waits for ever") {
  Turns turns;
  std::vector<std::size_t> order;
  const Failure failure = failure_of([&] {
    parallel_for(20, 3, [&](std::size_t i) {
      Turns::Turn turn(turns, i);
      if (i == 5) fail(Exit::failed, "five");
      if (turn.comes()) order.push_back(i);
      turn.go_on();
    });
  });
  CHECK(failure.message == "five");
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE("who only passes the turn on need not wait for it") {
  Turns turns;
  for (std::size_t i = 0; i < 3; ++i) {
    Turns::Turn turn(turns, i);
    turn.go_on();
  }
  Turns::Turn turn(turns, 3);
  CHECK(turn.comes());
}
