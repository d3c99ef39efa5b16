#include "common/base/printable.h"

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("what steers a terminal is shown by its bytes, everything else as it is") {
  struct Row {
    const char* text;
    const char* shown;
  };
  for (const Row& row :
       {Row{"orders", "orders"}, Row{"Bestellungen für Jürgen €", "Bestellungen für Jürgen €"},
        Row{"a\x1B[2Jb", "a\\x1b[2Jb"}, Row{"line\nline", "line line"}, Row{"\x7F", "\\x7f"},
        Row{"\xC2\x9B", "\\xc2\\x9b"}, Row{"\xE2\x80\xAE", "\\xe2\\x80\\xae"}, Row{"\xE2\x80\xA6", "…"},
        Row{"\xFF\xFE", "\\xff\\xfe"}, Row{"caf\xE9", "caf\\xe9"}, Row{"", ""}}) {
    CHECK(printable(row.text) == row.shown);
  }
}
