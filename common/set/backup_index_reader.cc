#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "common/base/json_text.h"
#include "common/base/line_reader.h"
#include "common/set/backup_index.h"

namespace pitr {
namespace {

using Json = nlohmann::json;

std::string path_in(const Json& line, const char* key, const char* encoded_key) {
  if (line.contains(key)) return line.at(key).get<std::string>();
  return path_from_hex(line.at(encoded_key).get<std::string>());
}

// Printed as in a manifest: the lowest byte first.
std::uint32_t parse_crc(const std::string& hex) {
  const std::string bytes = path_from_hex(hex);
  if (bytes.size() != 4) fail(Exit::damaged, "'{}' is no CRC-32C", hex);
  std::uint32_t crc = 0;
  for (std::size_t i = 4; i-- > 0;) crc = crc << 8 | static_cast<unsigned char>(bytes[i]);
  return crc;
}

// The library turns any number into any other; 1e300 is no offset.
template <typename N>
N whole_number(const Json& line, const char* key) {
  const Json& value = line.at(key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<N>::max()) {
    fail(Exit::damaged, "{}: {} is no number that can stand here", key, value.dump());
  }
  return value.get<N>();
}

SetPart part_named(const std::string& text) {
  for (const SetPart part : {SetPart::data, SetPart::xlog}) {
    if (text == name(part)) return part;
  }
  fail(Exit::damaged, "there is no set '{}'", text);
}

class Reader {
 public:
  explicit Reader(const std::function<void(const IndexedMember&)>& each_member) : each_member_(each_member) {}

  void take(const Json& line) {
    const auto kind = line.at("kind").get<std::string>();
    if (!std::exchange(has_header_, true)) {
      require_header(kind, line);
    } else if (kind == "member") {
      if (each_member_) add_member(line);
    } else if (kind == "block") {
      add_block(line);
    } else if (kind == "file") {
      IndexedFile& file = file_named(path_in(line, "name", "encoded_name"));
      const auto codec = codec_named(line.at("codec").get<std::string>());
      if (!codec) fail(Exit::failed, "{}: codec '{}' is not known here", file.name, line.at("codec").dump());
      file.codec = *codec;
      file.size = whole_number<std::uint64_t>(line, "size");
      file.sha256 = line.at("sha256");
    }
  }

  std::vector<IndexedFile> finish() {
    if (!has_header_) fail(Exit::damaged, "it is empty");
    for (const IndexedFile& file : files_) {
      const std::uint64_t end =
          file.blocks.empty() ? file.size : file.blocks.back().stored_offset + file.blocks.back().stored_size;
      if (file.sha256.empty() || end != file.size)
        fail(Exit::damaged, "{} is not told to its end", file.name);
    }
    return std::move(files_);
  }

 private:
  static void require_header(const std::string& kind, const Json& line) {
    if (kind != "index") fail(Exit::damaged, "it does not begin with its header");
    if (whole_number<int>(line, "version") != backup_index_version) {
      fail(Exit::failed, "version {}, this program knows {}", line.at("version").dump(),
           backup_index_version);
    }
  }
  void add_member(const Json& line) {
    const auto position = [&](const char* key) { return whole_number<std::uint64_t>(line, key); };
    each_member_({part_named(line.at("set")), path_in(line, "path", "encoded_path"), position("header"),
                  position("data"), position("size")});
  }
  void add_block(const Json& line) {
    IndexedFile& file = file_named(path_in(line, "file", "encoded_file"));
    const IndexedBlock block{whole_number<std::uint64_t>(line, "stored_offset"),
                             whole_number<std::uint64_t>(line, "raw_offset"),
                             whole_number<std::uint32_t>(line, "stored_size"),
                             whole_number<std::uint32_t>(line, "raw_size"), parse_crc(line.at("crc32c"))};
    IndexedBlock expected{};
    if (!file.blocks.empty()) {
      const IndexedBlock& last = file.blocks.back();
      expected.stored_offset = last.stored_offset + last.stored_size;
      expected.raw_offset = last.raw_offset + last.raw_size;
    }
    constexpr std::uint32_t largest = 1 << 30;  // see codec.h; what is read next has to find room in memory
    if (block.raw_size > largest || block.stored_size > 2 * largest) {
      fail(Exit::damaged, "{}: its block at {} is larger than any", file.name, block.stored_offset);
    }
    if (block.stored_offset != expected.stored_offset || block.raw_offset != expected.raw_offset) {
      fail(Exit::damaged, "{}: its block at {} does not follow the one before", file.name,
           block.stored_offset);
    }
    file.blocks.push_back(block);
  }
  IndexedFile& file_named(const std::string& name) {
    const auto known = std::ranges::find(files_, name, &IndexedFile::name);
    if (known != files_.end()) return *known;
    return files_.emplace_back(IndexedFile{name, Codec::none, 0, {}, {}});
  }

  const std::function<void(const IndexedMember&)>& each_member_;
  std::vector<IndexedFile> files_;
  bool has_header_ = false;
};

}  // namespace

std::vector<IndexedFile> read_index(Source& from,
                                    const std::function<void(const IndexedMember&)>& each_member) {
  Reader reader(each_member);
  LineReader lines(from);
  std::uint64_t number = 0;
  for (std::string line; lines.next(line);) {
    ++number;
    try {
      reader.take(Json::parse(line));
    } catch (const Json::exception& error) {
      fail(Exit::damaged, "line {}: {}", number, error.what());
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("line {}: {}", number, error.what()));
    }
  }
  return reader.finish();
}

}  // namespace pitr
