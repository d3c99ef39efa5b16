#include "common/postgres/relation_file.h"

#include <string>

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("the file names of relations are taken apart") {
  struct Row {
    std::string_view name, number, fork;
    std::uint32_t segment;
  };
  for (const Row& row : {Row{"1259", "1259", "", 0}, Row{"1259.1", "1259", "", 1},
                         Row{"16385_fsm", "16385", "fsm", 0}, Row{"16385_vm.12", "16385", "vm", 12},
                         Row{"16385_init", "16385", "init", 0}, Row{"4294967295", "4294967295", "", 0}}) {
    CAPTURE(row.name);
    const auto file = parse_relation_file(row.name);
    REQUIRE(file);
    CHECK(file->number == row.number);
    CHECK(file->fork == row.fork);
    CHECK(file->segment == row.segment);
  }
}

TEST_CASE("what is no file name of a relation is not taken for one") {
  for (const std::string_view name : {"",
                                      "PG_VERSION",
                                      "pg_filenode.map",
                                      "t3_16385",
                                      "16385_",
                                      "16385_foo",
                                      "16385_initx",
                                      "16385_fsm_vm",
                                      "16385.",
                                      "16385.x",
                                      "16385.1.2",
                                      "16385_init.",
                                      ".1",
                                      "_init",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "16385 ",
                                      "16385.1_fsm",
                                      "16385.-1",
                                      "4294967296",
                                      "16385.4294967296",
                                      "16385_Init"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_relation_file(name));
  }
}

TEST_CASE("temporary relations are known by their names") {
  for (const std::string_view name :
       {"t3_16385", "t12_16385_fsm", "t3_16385.1", "t3_16385_vm.2", "t3_16385_init"}) {
    CAPTURE(name);
    CHECK(is_temporary_relation(name));
  }
  for (const std::string_view name :
       {"", "t", "t3", "t_16385", "t3_", "t3_x", "t3_16385x", "t3_16385_foo", "3_16385", "T3_16385",
        "tt3_16385", "t3__16385", "16385", "t-3_16385", "t3_16385."}) {
    CAPTURE(name);
    CHECK_FALSE(is_temporary_relation(name));
  }
}
