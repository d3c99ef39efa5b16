#include "common/base/text.h"

#include <fcntl.h>

#include "common/os/fd.h"
#include "common/base/line_reader.h"

namespace pitr {

std::string read_text(Source& from) {
  std::string text;
  StringSink sink(text);
  copy(from, sink);
  return text;
}

std::string read_text(const std::filesystem::path& path) {
  FileSource source = open_regular(path);
  return read_text(source);
}

std::string read_text_if_there(const std::filesystem::path& path, int flags) {
  Fd file = open_if_there(path, O_RDONLY | O_NONBLOCK | flags);
  if (!file) return {};
  FileSource source(std::move(file));
  return read_text(source);
}

std::map<std::string, std::string> read_values(Source& from) {
  std::map<std::string, std::string> values;
  LineReader lines(from);
  for (std::string line; lines.next(line);) {
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) values[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return values;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string quote_for_shell(std::string text) {
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

}  // namespace pitr
