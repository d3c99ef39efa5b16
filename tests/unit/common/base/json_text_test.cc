#include "common/base/json_text.h"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pitr;

TEST_CASE("well-formed UTF-8 is told from everything else") {
  for (const std::string_view text :
       {"", "base/5/1259", "\303\244", "\342\202\254", "\360\237\220\230", "\177", "\357\277\277",
        "\364\217\277\277", "\355\237\277", "\356\200\200", "\340\240\200"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
  for (const std::string_view text :
       {"\200", "\277", "\344", "a\344b", "\303", "\303(", "\300\257", "\301\277", "\340\237\277", "\342\202",
        "\342(\254", "\355\240\200", "\355\277\277", "\360\217\277\277", "\360\237\220", "\364\220\200\200",
        "\365\200\200\200", "\376", "\377"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
  // A character that the end cuts, with the rest of it behind the end.
  CHECK_FALSE(is_utf8(std::string_view("a\303\244", 2)));
}

TEST_CASE("a JSON string reads back as the text it was made of") {
  std::string every;
  for (char c = 1; c < 127; ++c) every += c;
  for (const std::string& text :
       {std::string(), std::string("base/5"), std::string("a\"b\\c/d"), every,
        std::string("\303\244\342\202\254\360\237\220\230"), std::string("\0x", 2)}) {
    std::string json;
    append_json_string(json, text);
    CHECK(nlohmann::json::parse(json).get<std::string>() == text);
  }
  std::string json;
  append_json_string(json, "a\"\\\b\f\n\r\t\001\037");
  CHECK(json == R"("a\"\\\b\f\n\r\t\u0001\u001f")");
}

TEST_CASE("a path that is not UTF-8 stands in hex under the other key") {
  std::string json;
  append_json_path(json, "Path", "Encoded-Path", "T\303\244");
  CHECK(json == "\"Path\": \"T\303\244\"");
  json.clear();
  append_json_path(json, "Path", "Encoded-Path", "T\344\n");
  CHECK(json == R"("Encoded-Path": "54e40a")");
}
