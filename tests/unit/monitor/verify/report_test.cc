#include "monitor/verify/report.h"

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("names of a tar that anybody has made do nothing to a terminal") {
  Report report;
  report.findings.note("\x1b]0;note\x07");
  report.findings.add({.kind = Finding::Kind::damaged,
                       .file = "/base/d.tar",
                       .member = "pg/\x1b[2J\r\nDAMAGED: nothing",
                       .reason = "it is \x7f"});
  const std::string text = report_text(report);
  CHECK(text ==
        "note: \\x1b]0;note\\x07\n"
        "DAMAGED: /base/d.tar: pg/\\x1b[2J\\x0d DAMAGED: nothing: it is \\x7f\n"
        "1 finding\n");
}

TEST_CASE("names in UTF-8 stay what they are") {
  Report report;
  report.findings.note("Rückgabe");
  CHECK(report_text(report) == "note: Rückgabe\n0 findings\n");
}
