#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include "common/base/json_text.h"
#include "common/codec/digest.h"
#include "common/postgres/manifest.h"

namespace pitr {
namespace {

using Json = nlohmann::json;

std::uint64_t whole_number(const std::map<std::string, std::string>& fields, const std::string& key) {
  const std::string& text = fields.at(key);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    fail(Exit::damaged, "'{}' is no number", text);
  return number;
}

Lsn lsn(const std::string& text) {
  const auto value = parse_lsn(text);
  if (!value) fail(Exit::damaged, "'{}' is no LSN", text);
  return *value;
}

// Takes the events of the parser: the objects of the lists "Files" and "WAL-Ranges", and the keys beside
// these. A cluster has hundreds of thousands of files: a tree of them all would take gigabytes.
class Events final : public nlohmann::json_sax<Json> {
 public:
  explicit Events(const std::function<void(ManifestFile)>& each) : each_(each) {}
  const Manifest& result() const { return result_; }

  bool start_object(std::size_t) override {
    if (++depth_ == 2) fields_.clear();
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1) add_object();
    return true;
  }
  bool start_array(std::size_t) override {
    list_ = key_;
    return true;
  }
  bool end_array() override { return true; }
  bool key(std::string& text) override {
    key_ = text;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t value) override { return put(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return put(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return put(text); }
  bool string(std::string& text) override { return put(text); }
  bool binary(Json::binary_t&) override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(Exit::damaged, "it is no JSON at byte {}", position);
  }

 private:
  bool put(const std::string& value) {
    if (depth_ == 2) fields_[key_] = value;
    if (depth_ == 1 && key_ == "System-Identifier")
      result_.system_identifier = whole_number({{key_, value}}, key_);
    return true;
  }
  void add_object() {
    try {
      if (list_ == "Files") {
        each_({fields_.contains("Path") ? fields_.at("Path") : path_from_hex(fields_.at("Encoded-Path")),
               whole_number(fields_, "Size"),
               fields_.contains("Checksum") ? fields_.at("Checksum-Algorithm") : "NONE",
               fields_["Checksum"]});
      } else if (list_ == "WAL-Ranges") {
        result_.ranges.push_back({Timeline{static_cast<std::uint32_t>(whole_number(fields_, "Timeline"))},
                                  lsn(fields_.at("Start-LSN")), lsn(fields_.at("End-LSN"))});
      }
    } catch (const std::out_of_range&) {
      fail(Exit::damaged, "an entry of '{}' is not complete", list_);
    }
  }

  const std::function<void(ManifestFile)>& each_;
  Manifest result_;
  int depth_ = 0;
  std::string key_, list_;
  std::map<std::string, std::string> fields_;
};

void check_own_checksum(std::string_view text) {
  const std::size_t at = text.rfind("\"Manifest-Checksum\"");
  if (at == text.npos) fail(Exit::damaged, "it has no checksum of its own (it is cut off)");
  const std::string expected =
      fmt::format("\"Manifest-Checksum\": \"{}\"}}\n", sha256_hex(as_bytes(text.substr(0, at))));
  if (text.substr(at) != expected) fail(Exit::damaged, "its own checksum does not fit");
}

}  // namespace

Manifest read_manifest(Source& from, const std::function<void(ManifestFile)>& each) {
  std::string text;
  StringSink sink(text);
  copy(from, sink);
  check_own_checksum(text);
  Events events(each);
  Json::sax_parse(text, &events);
  return events.result();
}

}  // namespace pitr
