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
        Row{"a\x1B[2Jb", "a\\x1B[2Jb"}, Row{"line\nline", "line\\x0Aline"}, Row{"\x7F", "\\x7F"},
        Row{"\xC2\x9B", "\\xC2\\x9B"}, Row{"\xE2\x80\xAE", "\\xE2\\x80\\xAE"}, Row{"\xE2\x80\xA6", "…"},
        Row{"\xFF\xFE", "\\xFF\\xFE"}, Row{"caf\xE9", "caf\\xE9"}, Row{"", ""}}) {
    CHECK(printable(row.text) == row.shown);
  }
}
