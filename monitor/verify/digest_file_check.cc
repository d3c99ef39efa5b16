#include "monitor/verify/digest_file_check.h"

#include <algorithm>
#include <set>

#include "common/base/line_reader.h"
#include "common/store/store.h"

namespace pitr {
namespace {

struct Line {
  std::string hex, file;
};

std::optional<Line> parse(const std::string& line, bool exact) {
  const std::size_t blank = line.find(' ');
  if (blank == line.npos || blank + 2 > line.size()) return std::nullopt;
  const std::string hex = line.substr(0, blank);
  const bool is_hex = !hex.empty() && hex.find_first_not_of("0123456789abcdef") == hex.npos;
  const char mark = line[blank + 1];
  if (!is_hex || (mark != '*' && (exact || mark != ' '))) return std::nullopt;
  return Line{hex, line.substr(blank + 2)};
}

}  // namespace

void check_digest_file(Store& store, const Name& name, const std::vector<ExpectedDigest>& expected,
                       bool exact, Findings& findings) {
  const std::string path = store.describe(name);
  const auto damaged = [&](const std::string& reason) {
    findings.add({.kind = Finding::Kind::damaged, .file = path, .reason = reason});
  };
  findings.attempt(path, [&] {
    const auto source = store.open(name);
    if (!source) fail(Exit::failed, "{}: it has gone while it was looked at", path);
    LineReader lines(*source);
    std::set<std::string> told;
    std::size_t number = 0;
    for (std::string text; lines.next(text);) {
      ++number;
      const auto line = parse(text, exact);
      if (!line) {
        damaged(fmt::format("line {} is no digest and name", number));
        continue;
      }
      const auto file =
          std::ranges::find(expected, line->file, [](const auto& row) { return row.file.text(); });
      if (file == expected.end() || !told.insert(line->file).second) {
        damaged(fmt::format("line {} names {}", number, line->file));
      } else if (!file->hex.empty() && file->hex != line->hex) {
        damaged(fmt::format("line {}: the digest of {} is {}", number, line->file, file->hex));
      }
    }
    for (const ExpectedDigest& row : expected) {
      if (!told.contains(row.file.text())) damaged(fmt::format("it does not name {}", row.file.text()));
    }
  });
}

}  // namespace pitr
