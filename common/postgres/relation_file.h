#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pitr {

// The name of a relation's file, as PostgreSQL composes it (src/common/relpath.c): number, fork, segment of 1
// GB.
//   16385  16385.1  16385_fsm  16385_vm.2  16385_init
// The views point into the name that was parsed.
struct RelationFile {
  std::string_view number;
  std::string_view fork;  // "fsm", "vm", "init"; the main fork has no name
  std::uint32_t segment;
};
// Null for everything else, temporary relations too.
std::optional<RelationFile> parse_relation_file(std::string_view name);

// "t3_16385", "t3_16385_fsm.1": a temporary table of backend 3.
bool is_temporary_relation(std::string_view name);

}  // namespace pitr
