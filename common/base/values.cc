#include "common/base/values.h"

#include "common/base/line_reader.h"

namespace pitr {
std::map<std::string, std::string> read_values(Source& from) {
  std::map<std::string, std::string> values;
  LineReader lines(from);
  for (std::string line; lines.next(line);) {
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) values[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return values;
}

}  // namespace pitr
