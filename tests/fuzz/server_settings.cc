// A value, a newline, and a postgresql.auto.conf.
#include "common/postgres/server_settings.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

namespace {

std::ptrdiff_t lines_of(std::string_view text) { return std::ranges::count(text, '\n'); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = text_of(data, size);
  const std::string_view value = take_until(rest, '\n');
  ServerSettings settings;
  settings.set("restore_command", value);
  const std::string once = with_settings(std::string(rest), "pitr-recover", settings);
  expect(once.ends_with("# pitr-recover: begin\n" + settings.text() + "# pitr-recover: end\n"),
         "the block is the last");
  expect(with_settings(once, "pitr-recover", settings) == once, "a block replaces the one before it");
  expect(lines_of(once) <= lines_of(rest) + 4, "what was there is kept as it is, or left out");

  ServerSettings lines;
  lines.set("primary_conninfo", rest);
  expect(lines_of(lines.text()) == 1, "a value stays in its line");
  std::string unquoted = quote_setting(rest);
  unquoted = unquoted.substr(1, unquoted.size() - 2);
  for (std::size_t at = 0; (at = unquoted.find_first_of("'\\", at)) != unquoted.npos; at += 2) {
    expect(at + 1 < unquoted.size() && unquoted[at + 1] == unquoted[at],
           "nothing in a value ends its quotes");
  }
  return 0;
}
