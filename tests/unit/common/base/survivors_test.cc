#include "common/base/survivors.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

TEST_CASE("who fails drops out and is told of; the failure of the last one is everybody's") {
  std::string told;
  Survivors<int> all([&](const Error& error, const int* dropped) {
    told += std::string(error.what()) + (dropped != nullptr ? " " + std::to_string(*dropped) : "") + ";";
  });
  CHECK_FALSE(all.any_left());
  int& one = all.add(std::make_unique<int>(1));
  int& two = all.add(std::make_unique<int>(2));
  all.each([](int&) {});
  CHECK_FALSE(all.any_failed());

  all.each([](int& each) {
    if (each == 1) fail(Exit::failed, "full");
  });
  CHECK(told == "full 1;");
  CHECK(all.any_failed());
  CHECK(all.left() == std::vector<int*>{&two});
  int calls = 0;
  all.attempt(one, [&](int&) { ++calls; });
  all.attempt(two, [&](int&) { ++calls; });
  CHECK(calls == 1);

  CHECK(failure_of([&] { all.each([](int&) { fail(Exit::late, "gone"); }); }).code == Exit::late);
  CHECK(told == "full 1;");
  CHECK_FALSE(all.any_left());
  CHECK(all.left() == std::vector<int*>{&two});
}
