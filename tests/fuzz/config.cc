// A configuration file.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli/options.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Fd file(::memfd_create("config", MFD_CLOEXEC), "config");
  ::fchmod(file.number(), 0600);
  write_all(file, std::as_bytes(std::span(data, size)));

  std::string text, choice;
  bool flag = false;
  int number = 5;
  std::vector<std::string> texts, unused;
  std::vector<Place> places;
  const std::vector<Option> options = {
      {"text", "t", "TEXT", "set a text", set_text(text)},
      {"flag", "f", "", "set a flag", set_flag(flag)},
      {"number", "n num", "N", "set a number", set_number(number, 1, 9)},
      {"choice", "", "A|B", "choose", set_choice(choice, {"a", "b"})},
      {"texts", "", "TEXT", "add a text", append_text(texts), true},
      {"place", "p", "[CODEC=]DIR", "add a place", append_place(places), true},
      {"old", "", "X", "accepted", no_meaning(unused, "old")},
  };
  const Manual manual{
      .program = "fuzz", .summary = "", .operands = "", .description = "", .exit_status = "", .example = ""};
  const std::string path = fmt::format("--config-file=/proc/self/fd/{}", file.number());
  const char* words[] = {path.c_str()};
  try {
    const Parsed parsed = parse_options(manual, options, words);
    expect(parsed.operands.empty() && parsed.text.empty(), "a file gives no operands and asks for no help");
    expect(number >= 1 && number <= 9, "a number is in its range");
    expect(choice.empty() || choice == "a" || choice == "b", "a choice is one of those offered");
    for (const Place& place : places) expect(!place.place.empty(), "a place is somewhere");
  } catch (const Error& error) {
    expect(error.code() == Exit::usage, "what does not parse is a usage error");
  }
  return 0;
}
