#include "common/set/drill_record.h"

#include <fcntl.h>

#include <map>
#include <sstream>

#include "common/base/number.h"
#include "common/base/time_text.h"
#include "common/os/file.h"
#include "common/os/file_source.h"

namespace pitr {
namespace {

constexpr std::size_t longest = 4096;

}  // namespace

void write_drill_record(const std::filesystem::path& directory, const DrillRecord& record) {
  // Everybody may read it: monitoring is often somebody else.
  AtomicFile file(directory / drill_record_name, AtomicFile::Existing::replace, 0644);
  const std::string text =
      fmt::format("Finished: {}\nBackup: {}\nSeconds: {}\nTarget: {}\n", utc_text(record.finished),
                  record.backup, number_text(record.seconds), record.target);
  file.write(std::as_bytes(std::span(text)));
  file.finish();
}

std::optional<DrillRecord> read_drill_record(const std::filesystem::path& directory) {
  const Fd place = open_file(directory, O_RDONLY | O_DIRECTORY);
  const std::string path = (directory / drill_record_name).native();
  Fd file = open_if_there(place, drill_record_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return std::nullopt;
  FileSource source(std::move(file));
  std::string text(longest, '\0');
  text.resize(source.read(std::as_writable_bytes(std::span(text))));

  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) values[line.substr(0, colon)] = line.substr(colon + 2);
  }
  const auto finished = parse_utc(values["Finished"]);
  const auto seconds = parse_quantity(values["Seconds"]);
  if (!finished || !seconds) {
    fail(Exit::damaged, "{}: is no record of a drill (remove it; the next drill that passes makes a new one)",
         path);
  }
  return DrillRecord{*finished, values["Backup"], *seconds, values["Target"]};
}

}  // namespace pitr
