#include "common/cli/options.h"
#include "common/base/nearest.h"

#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

const Manual manual{.program = "pitr-test",
                    .summary = "is tested",
                    .operands = "FILE",
                    .description = "First paragraph\nof two lines.\n\n.Second one, with a \\ and a 'quote'.",
                    .exit_status = "0  done\n1  failed, or could not look",
                    .example = "archive_command = 'pitr-test --text=^Y \"%p\"'"};

// A program with an option of every kind, and what its parser set.
struct Program {
  std::string text = "default";
  bool flag = false;
  int number = 1;
  std::vector<std::string> list, unused;
  std::vector<Place> places;

  std::vector<Option> options() {
    return {
        {"text", "t", "TEXT", "take a text", set_text(text)},
        {"flag", "f", "", "set a flag", set_flag(flag)},
        {"number", "n PJ", "N", "take a number", set_number(number, 1, 64)},
        {"list", "", "ITEM", "take an item of a list, which is a help line that has sixty.",
         append_text(list), true},
        {"dst-local", "dl", "[CODEC[:LEVEL]=]DIR", "store in the directory DIR", append_place(places), true},
        {"gzip-path", "gp", "FILE", "do nothing", no_meaning(unused, "gzip-path")},
        {"not-nice", "nn", "", "do nothing", no_meaning(unused, "not-nice")},
        {"an-option-of-a-name-beyond-all-measure", "a", "SOMETHING-LONG", "stand on the next line",
         set_text(text)},
    };
  }
  Parsed parse(const std::vector<const char*>& words) { return parse_options(manual, options(), words); }
};

// What parsing says; "" when it accepts. Every refusal has to be a usage error.
std::string refusal(const std::vector<const char*>& words) {
  Program program;
  try {
    program.parse(words);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return {};
}

std::string config_refusal(std::string_view text) {
  const Scratch scratch;
  const std::string file = scratch.write("pitr.conf", text);
  const std::string message = refusal({"--config-file", file.c_str()});
  const std::size_t at = message.find(file);
  return at == std::string::npos ? message : message.substr(0, at) + message.substr(at + file.size());
}

std::string place_refusal(std::string_view text) {
  try {
    parse_place(text);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return {};
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("an option is written with one dash or two, its value with = or as the next word") {
  const std::vector<std::vector<const char*>> rows = {{"--text", "x"}, {"--text=x"}, {"-text", "x"},
                                                      {"-text=x"},     {"-t", "x"},  {"--t", "x"},
                                                      {"-t=x"},        {"--t=x"}};
  for (const auto& words : rows) {
    CAPTURE(words[0]);
    Program program;
    CHECK(program.parse(words).operands.empty());
    CHECK(program.text == "x");
  }
}

TEST_CASE("the next word is the value whatever it looks like, short of a known option") {
  for (const char* value : {"-", "-x", "--jbos", "-1", "a=b", "=", " ", "---text"}) {
    CAPTURE(value);
    Program program;
    program.parse({"--text", value});
    CHECK(program.text == value);
  }
  Program program;
  program.parse({"--text=-f"});
  CHECK(program.text == "-f");
}

TEST_CASE("operands stand before, between and behind options, and behind -- everything is one") {
  Program program;
  CHECK(program.parse({"a", "-f", "-", "--text", "x", "b", "", "--", "-n", "--", "--help"}).operands ==
        Words{"a", "-", "b", "", "-n", "--", "--help"});
  CHECK(program.flag);
  CHECK(program.number == 1);
}

TEST_CASE("what is not given keeps its default") {
  Program program;
  program.parse({});
  CHECK(program.text == "default");
  CHECK(!program.flag);
  CHECK(program.number == 1);
}

TEST_CASE("repeatable options add up and options without a meaning are remembered") {
  Program program;
  program.parse({"--list", "a", "--list=b", "-dl", "zstd:1=/x", "-dl", "/y", "-gp", "/bin/gzip", "-nn"});
  CHECK(program.list == Words{"a", "b"});
  CHECK(program.unused == Words{"gzip-path", "not-nice"});
  REQUIRE(program.places.size() == 2);
  CHECK(program.places[0].compression.codec == Codec::zstd);
  CHECK(program.places[1].place == "/y");
}

TEST_CASE("a wrong command line is refused with the reason") {
  const std::pair<std::vector<const char*>, std::string_view> rows[] = {
      {{"--txet", "x"}, "unknown option --txet (did you mean --text?)"},
      {{"-nubmer=3"}, "unknown option -nubmer (did you mean -number?)"},
      {{"--num=3"}, "unknown option --num (did you mean --number?)"},
      {{"--completely-else"}, "unknown option --completely-else"},
      {{"-n3"}, "unknown option -n3"},
      {{"-fn"}, "unknown option -fn"},
      {{"-x"}, "unknown option -x"},
      {{"---text", "x"}, "unknown option ---text (did you mean --text?)"},
      {{"--=x"}, "unknown option --"},
      {{"-=x"}, "unknown option -"},
      {{"--text"}, "option --text needs a value"},
      {{"a", "-t"}, "option --text needs a value"},
      {{"--text="}, "option --text needs a value"},
      {{"--text", ""}, "option --text needs a value"},
      {{"--list", ""}, "option --list needs a value"},
      {{"--text", "-f"}, "option --text needs a value"},
      {{"--text", "--flag"}, "option --text needs a value"},
      {{"--text", "--PJ", "3"}, "option --text needs a value"},
      {{"--text", "--number=3"}, "option --text needs a value"},
      {{"--text", "--"}, "option --text needs a value"},
      {{"--flag=yes"}, "option --flag takes no value"},
      {{"--flag="}, "option --flag takes no value"},
      {{"--help=x"}, "option --help takes no value"},
      {{"-f", "-f"}, "option --flag is given twice"},
      {{"-t", "x", "--text=x"}, "option --text is given twice"},
      {{"-n", "1", "-PJ", "2"}, "option --number is given twice"},
      {{"-n", "0"}, "option --number: 0: not a number from 1 to 64"},
      {{"-n", "65"}, "option --number: 65: not a number from 1 to 64"},
      {{"-n", "-5"}, "option --number: -5: not a number from 1 to 64"},
      {{"-n", "3 "}, "option --number: 3 : not a number from 1 to 64"},
      {{"-n", " 3"}, "option --number:  3: not a number from 1 to 64"},
      {{"-n", "+3"}, "option --number: +3: not a number from 1 to 64"},
      {{"-n", "3x"}, "option --number: 3x: not a number from 1 to 64"},
      {{"-n", "0x3"}, "option --number: 0x3: not a number from 1 to 64"},
      {{"-n", "99999999999"}, "option --number: 99999999999: not a number from 1 to 64"},
      {{"-dl", "/a", "-dl", "gzip=/a"}, "option --dst-local: /a is given twice"},
      {{"-dl", "gzpi=/a"},
       "option --dst-local: unknown codec gzpi, did you mean gzip? (known: none, gzip, zstd, lz4, "
       "bzip2, xz, lzma)"},
      {{"--config-file", "/nowhere/x"}, "config file: open /nowhere/x: no such file or directory"},
      {{"--config-file", "/"}, "config file: read /: not a regular file"},
      {{"--config", "/a", "--cfg", "/b"}, "option --config-file is given twice"},
  };
  for (const auto& [words, message] : rows) {
    const auto& shown_message = message;  // clang 14 captures no structured binding
    CAPTURE(shown_message);
    CHECK(refusal(words) == message);
  }
}

TEST_CASE("whatever a value is refused with is a usage error that names the option") {
  const std::vector<Option> table{{"place", "", "DIR", "fail", [](const std::string& value) {
                                     fail(Exit::damaged, "stat {}: gone", value);
                                   }}};
  const std::vector<const char*> words = {"--place", "/x"};
  try {
    parse_options(manual, table, words);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK(std::string_view(error.what()) == "option --place: stat /x: gone");
  }
}

TEST_CASE("nothing is assigned when anything is refused") {
  Program program;
  CHECK_THROWS_AS(program.parse({"--text", "x", "--jbos"}), Error);
  CHECK(program.text == "default");
}

TEST_CASE("a program without operands refuses one") {
  Manual none = manual;
  none.operands = "";
  Program program;
  const std::vector<const char*> words = {"-f", "yes"};
  CHECK_THROWS_WITH_AS(parse_options(none, program.options(), words), "unexpected argument yes", Error);
}

TEST_CASE("a spelling that stands twice in a table is found by any parsing") {
  bool flag = false;
  const Option first{"first", "f", "", "be first", set_flag(flag)};
  for (const auto& [name, alias] :
       std::initializer_list<std::pair<const char*, const char*>>{{"second", "s f"},
                                                                  {"f", ""},
                                                                  {"first", ""},
                                                                  {"second", "first"},
                                                                  {"third", "t t"},
                                                                  {"help", ""},
                                                                  {"third", "V"},
                                                                  {"cfg", ""}}) {
    const auto& shown_name = name;  // clang 14 captures no structured binding
    CAPTURE(shown_name);
    const auto& shown_alias = alias;  // clang 14 captures no structured binding
    CAPTURE(shown_alias);
    const std::vector<Option> table{first, {name, alias, "", "be second", set_flag(flag)}};
    CHECK_THROWS_AS(parse_options(manual, table, {}), Error);
  }
}

TEST_CASE("a config file has one option per line") {
  const Scratch scratch;
  const std::string file = scratch.write("pitr.conf",
                                         "# comment\n"
                                         "\n"
                                         "   \t\n"
                                         "--text  a value with = and # and \"quotes\" \t\r\n"
                                         "  # indented\n"
                                         "flag\r\n"
                                         "-n=7\n"
                                         "list = one\n"
                                         "list\ttwo\n"
                                         "-dl gzip=/a b\n"
                                         "dst-local=/c=d");
  Program program;
  const Parsed parsed = program.parse({"--config", file.c_str()});
  CHECK(program.text == "a value with = and # and \"quotes\"");
  CHECK(program.flag);
  CHECK(program.number == 7);
  CHECK(program.list == Words{"one", "two"});
  REQUIRE(program.places.size() == 2);
  CHECK(program.places[0].compression.codec == Codec::gzip);
  CHECK(program.places[0].place == "/a b");
  CHECK(program.places[1].place == "/c=d");
}

TEST_CASE("the command line wins over the config file and lists add up") {
  const Scratch scratch;
  const std::string file = scratch.write("pitr.conf", "text config\nnumber 99\nlist config\n");
  Program program;
  const Parsed parsed = program.parse({"--list=line", "-n", "3", "--cfg", file.c_str(), "op"});
  CHECK(program.text == "config");
  CHECK(program.number == 3);
  CHECK(program.list == Words{"config", "line"});
  using Given = std::vector<std::pair<std::string, std::string>>;
  CHECK(
      parsed.given ==
      Given{
          {"text", "config"}, {"list", "config"}, {"list", "line"}, {"number", "3"}, {"config-file", file}});
}

TEST_CASE("an empty config file, one behind a symbolic link and one line of 64 KiB are fine") {
  const Scratch scratch;
  scratch.write("empty", "");
  std::filesystem::create_symlink(scratch / "empty", scratch / "link");
  CHECK(refusal({"--cfg", (scratch / "empty").c_str()}).empty());
  CHECK(refusal({"--cfg", (scratch / "link").c_str()}).empty());
  CHECK(config_refusal("text " + std::string(64 * 1024 - 5, 'x')).empty());
}

TEST_CASE("a wrong config file is refused with file and line") {
  const std::pair<std::string, std::string_view> rows[] = {
      {"\n# x\njbos 3\n", ":3: unknown option jbos"},
      {"--txet x", ":1: unknown option txet (did you mean text?)"},
      {"number3", ":1: unknown option number3 (did you mean number?)"},
      {"flag\nflag", ":2: option --flag is given twice"},
      {"number 3\nflag\nPJ=4", ":3: option --number is given twice"},
      {"text", ":1: option --text needs a value"},
      {"text =", ":1: option --text needs a value"},
      {"text=  \r", ":1: option --text needs a value"},
      {"list", ":1: option --list needs a value"},
      {"flag yes", ":1: option --flag takes no value"},
      {"flag=", ":1: option --flag takes no value"},
      {"number 65", ":1: option --number: 65: not a number from 1 to 64"},
      {"number 3 # three", ":1: option --number: 3 # three: not a number from 1 to 64"},
      {"dst-local gzip=", ":1: option --dst-local: place is empty"},
      {"config-file /x", ":1: option --config-file belongs on the command line"},
      {"-cfg=/x", ":1: option --config-file belongs on the command line"},
      {"help", ":1: option --help belongs on the command line"},
      {"--version", ":1: option --version belongs on the command line"},
      {"man", ":1: option --man belongs on the command line"},
      {"--", ":1: unknown option --"},
      {"= x", ":1: unknown option "},
      {"\xef\xbb\xbftext x", ":1: unknown option \xef\xbb\xbftext (did you mean text?)"},
      {std::string("text a\0b", 8), ":1: line holds a zero byte"},
      {std::string("# a\0b", 5), ":1: line holds a zero byte"},
      {"flag\ntext " + std::string(64 * 1024 - 4, 'x'), ":2: line is longer than 64 KiB"},
      {std::string(2 * 1024 * 1024, '\n'), "config file: read : larger than 1 MiB"},
  };
  for (const auto& [text, message] : rows) {
    const auto& shown_message = message;  // clang 14 captures no structured binding
    CAPTURE(shown_message);
    CHECK(config_refusal(text) == message);
  }
}

TEST_CASE("a config file that everybody may write, a FIFO and a missing one are refused") {
  const Scratch scratch;
  const std::string file = scratch.write("pitr.conf", "flag\n");
  REQUIRE(::chmod(file.c_str(), 0646) == 0);
  CHECK(refusal({"--cfg", file.c_str()}).find("everybody may write to it") != std::string::npos);
  REQUIRE(::chmod(file.c_str(), 0664) == 0);
  CHECK(refusal({"--cfg", file.c_str()}).empty());
  const std::string fifo = scratch / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refusal({"--cfg", fifo.c_str()}).find("not a regular file") != std::string::npos);
  CHECK(refusal({"--cfg", (scratch / "none").c_str()}).find("no such file") != std::string::npos);
}

TEST_CASE("a place may have a codec in front") {
  struct Row {
    std::string_view text;
    bool has_codec;
    Codec codec;
    int level;
    std::string_view place;
  };
  const Row rows[] = {
      {"/backup", false, Codec::none, 0, "/backup"},
      {"relative", false, Codec::none, 0, "relative"},
      {"none=/backup", true, Codec::none, 0, "/backup"},
      {"gzip=/backup", true, Codec::gzip, 0, "/backup"},
      {"lz4=a", true, Codec::lz4, 0, "a"},
      {"bzip2=/b", true, Codec::bzip2, 0, "/b"},
      {"zstd:3=/backup", true, Codec::zstd, 3, "/backup"},
      {"gzip:9=/backup/a=b", true, Codec::gzip, 9, "/backup/a=b"},
      {"xz==", true, Codec::xz, 0, "="},
      {"none=zstd:3=/x", true, Codec::none, 0, "zstd:3=/x"},
      {"/backup/gzip=x", false, Codec::none, 0, "/backup/gzip=x"},
      {"./gzip=x", false, Codec::none, 0, "./gzip=x"},
      {"backup@host:/a=b", false, Codec::none, 0, "backup@host:/a=b"},
      {"rsync://host/a=b", false, Codec::none, 0, "rsync://host/a=b"},
      {"GZIP=x", false, Codec::none, 0, "GZIP=x"},
      {"a-b=x", false, Codec::none, 0, "a-b=x"},
      {"=x", false, Codec::none, 0, "=x"},
      {":3=x", false, Codec::none, 0, ":3=x"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Place place = parse_place(row.text);
    CHECK(place.has_codec == row.has_codec);
    CHECK(place.compression.codec == row.codec);
    CHECK(place.compression.level == row.level);
    CHECK(place.place == row.place);
  }
}

TEST_CASE("a place with a wrong codec, a wrong level or nothing behind it is refused") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", "place is empty"},
      {"gzip=", "place is empty"},
      {"gzip:1=", "place is empty"},
      {"gz=/x", "unknown codec gz"},
      {"gizp=/x", "did you mean gzip?"},
      {"zst=/x", "did you mean zstd?"},
      {"zip=/x", "(known: none, gzip, zstd, lz4, bzip2, xz, lzma)"},
      {"host:a=b", "unknown codec host"},
      {"7=x", "unknown codec 7"},
      {"gzip:99=/x", "level 99 of codec gzip: not a number from"},
      {"gzip:-99=/x", "level -99 of codec gzip"},
      {"zstd:999=/x", "level 999 of codec zstd"},
      {"gzip:=/x", "level  of codec gzip"},
      {"gzip:x=/x", "level x of codec gzip"},
      {"gzip:1:2=/x", "level 1:2 of codec gzip"},
      {"gzip:1 =/x", "level 1  of codec gzip"},
      {"gzip:+1=/x", "level +1 of codec gzip"},
      {"gzip:99999999999=/x", "level 99999999999 of codec gzip"},
      {"none:1=/x", "codec none takes no level"},
      {"none:0=/x", "codec none takes no level"},
  };
  for (const auto& [text, message] : rows) {
    const auto& shown_text = text;  // clang 14 captures no structured binding
    CAPTURE(shown_text);
    const std::string refused = place_refusal(text);
    CAPTURE(refused);
    CHECK(refused.find(message) != std::string::npos);
  }
}

TEST_CASE("set_text refuses an empty value") {
  std::string target = "kept";
  CHECK_THROWS_AS(set_text(target)(""), Error);
  CHECK(target == "kept");
}

TEST_CASE("--help, --version and --man are answered whatever else is wrong") {
  const std::vector<std::vector<const char*>> rows = {{"--help"},
                                                      {"-?"},
                                                      {"--jbos", "-help"},
                                                      {"--text", "--help"},
                                                      {"--number", "x", "--help"},
                                                      {"--cfg", "/nowhere", "--help"},
                                                      {"-f", "-f", "--help"},
                                                      {"--help", "--version"}};
  for (const auto& words : rows) {
    CAPTURE(words[0]);
    Program program;
    CHECK(program.parse(words).text.starts_with("usage: pitr-test [OPTION]... FILE\n"));
  }
  Program program;
  CHECK(program.parse({"--jbos", "-V"}).text == "pitr-test " PITR_VERSION "\n");
  CHECK(program.parse({"--man"}).text.starts_with(".TH PITR\\-TEST 1"));
  CHECK(program.parse({"x", "--", "--help"}).text.empty());
  // Beside an operand it would be an answer about the operand.
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"-V", "x"},
                                             {"x", "--help"},
                                             {"--text", "a", "x", "--man"},
                                             {"--jbos", "-V", "x"},
                                             {"--help", "--", "x"}}) {
    CHECK_FALSE(refusal(words).empty());
  }
  CHECK(!program.flag);
}

TEST_CASE("the help fits 100 columns, aligns its lines and names every option") {
  Program program;
  const std::vector<Option> options = program.options();
  const std::string help = help_text(manual, options);
  CAPTURE(help);
  std::istringstream lines(help);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    longest = std::max(longest, line.size());
    CHECK(line.size() <= 100);
    CHECK(!line.ends_with(' '));
  }
  CHECK(longest > 80);  // the sample has a line that comes near
  std::size_t column = 0;
  for (const Option& option : with_common_options(options)) {
    CAPTURE(option.name);
    CHECK(help.find(fmt::format("--{}", option.name)) != std::string::npos);
    const std::size_t at = help.find(fmt::format("  {}\n", option.help));
    REQUIRE(at != std::string::npos);
    const std::size_t here = at - help.rfind('\n', at);
    if (column != 0) CHECK(here == column);
    column = here;
  }
  CHECK(help.find("  -dl, --dst-local [CODEC[:LEVEL]=]DIR  store in") != std::string::npos);
  CHECK(help.find("beyond-all-measure SOMETHING-LONG\n") != std::string::npos);
  CHECK(help.find("\nExit status:\n  0  done\n") != std::string::npos);
  CHECK(help.find("\nExample:\n  archive_command = 'pitr-test --text=^Y \"%p\"'\n") != std::string::npos);
}

TEST_CASE("a help line or label that is too long is broken, not cut") {
  const std::string text =
      "break " + std::string(50, 'x') + " and go on with many more words until the margin comes";
  const std::vector<Option> options{
      {"name", "", "", text, [](const std::string&) {}},
      {"another", "one-long-alias-of-the-option two-long-aliases-of-the-option three-long-aliases-of-it",
       "FILE", "help", [](const std::string&) {}}};
  const std::string help = help_text(manual, options);
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  CHECK(help.find("margin comes") != std::string::npos);
  CHECK(help.find("--another FILE") != std::string::npos);
}

TEST_CASE("the man page holds every option and no text that roff would take for its own") {
  Program program;
  const std::string page = man_page(manual, program.options());
  CAPTURE(page);
  CHECK(page.starts_with(".TH PITR\\-TEST 1 \"\" \"pitr " PITR_VERSION "\""));
  CHECK(page.find("\n.TP\n\\fB\\-dl\\fR, \\fB\\-\\-dst\\-local\\fR \\fI[CODEC[:LEVEL]=]DIR\\fR\nstore in") !=
        std::string::npos);
  CHECK(page.find("\\fB\\-\\-list\\fR \\fIITEM\\fR") != std::string::npos);
  CHECK(page.find("\n.PP\n\\&.Second one, with a \\e and a \\(aqquote\\(aq.\n") != std::string::npos);
  CHECK(page.find("\narchive_command = \\(aqpitr\\-test \\-\\-text=\\(haY \"%p\"\\(aq\n") !=
        std::string::npos);
  CHECK(page.find("\n.TP\n1\nfailed, or could not look\n") != std::string::npos);
  for (const Option& option : with_common_options(program.options())) {
    std::string name(option.name);
    for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2) name.insert(at, "\\");
    CHECK(page.find("\\-\\-" + name + "\\fR") != std::string::npos);
  }
}

TEST_CASE("the nearest name is one that a slip of the hand may have missed") {
  const std::vector<std::string_view> names = {"jobs", "dst-local", "dst-remote", "verbose",
                                               "l",    "dl",        "log",        "data-dir"};
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"jbos", "jobs"},
      {"lgo", "log"},
      {"xog", "log"},
      {"lxx", ""},
      {"job", "jobs"},
      {"jobbs", "jobs"},
      {"dst-locla", "dst-local"},
      {"dst_remote", "dst-remote"},
      {"verb", "verbose"},
      {"data", "data-dir"},
      {"Jobs", "jobs"},
      {"dlx", "dl"},
      {"x", ""},
      {"", ""},
      {"zz", ""},
      {"complete", ""},
      {"jo", ""},
      {"sboj", ""},
      {"remote", ""},
  };
  for (const auto& [word, expected] : rows) {
    const auto& shown_word = word;  // clang 14 captures no structured binding
    CAPTURE(shown_word);
    CHECK(nearest(word, names) == expected);
  }
  CHECK(nearest(std::string(100'000, 'x'), names).empty());
  CHECK(nearest("jobs", {}).empty());
}
