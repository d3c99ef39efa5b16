#include "restore/recover/tablespaces.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TablespaceMapping mapping;
  mapping.old_data_directory = "/pg";
  mapping.new_data_directory = "/new/pg";
  mapping.root = "/new";
  try {
    const auto tablespaces = parse_tablespace_map(text_of(data, size), mapping);
    for (const Tablespace& tablespace : tablespaces) {
      expect(tablespace.original.starts_with('/'), "a tablespace has an absolute path");
      expect(tablespace.target.native().starts_with("/new/"), "and goes where it is wanted");
    }
    const auto again = parse_tablespace_map(format_tablespace_map(tablespaces), {});
    const auto is_same = [](const Tablespace& one, const Tablespace& other) {
      return one.oid == other.oid && one.target.native() == other.original;
    };
    expect(std::ranges::equal(tablespaces, again, is_same), "what is read can be written and read again");
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what does not parse is damaged");
  }
  return 0;
}
