#include "common/backup_set.h"

#include <iterator>
#include <span>

#include <fmt/format.h>

#include "common/digest.h"
#include "common/log.h"

namespace pitr {
namespace {

constexpr std::string_view file_type = "__FILETYPE__";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string_view text(SetState state) {
  switch (state) {
    case SetState::complete:
      return "complete";
    case SetState::waiting:
      return "waiting";
  }
  return "";
}

std::string_view text(BackupFrom from) {
  switch (from) {
    case BackupFrom::primary:
      return "primary";
    case BackupFrom::standby:
      return "standby";
  }
  return "";
}

std::string utc(std::time_t when) {
  std::tm parts = {};
  char text[64];
  if (::gmtime_r(&when, &parts) == nullptr) fail(Exit::failed, "print time {}: out of range", when);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string on_one_line(std::string_view value) {
  std::string text(value);
  replace_all(text, "\\", "\\\\");
  replace_all(text, "\n", "\\n");
  replace_all(text, "\r", "\\r");
  return text;
}

}  // namespace

std::string_view name(SetPart part) {
  switch (part) {
    case SetPart::data:
      return "data";
    case SetPart::xlog:
      return "xlog";
    case SetPart::meta:
      return "meta";
    case SetPart::waiting:
      return "waiting";
  }
  return "";
}

SetNames::SetNames(std::string_view pattern, std::string_view hostname,
                   std::chrono::system_clock::time_point started)
    // The time first: a '^' in the host's name is not ours to expand.
    : pattern_(expand_time(pattern, started)) {
  if (pattern.find(file_type) == pattern.npos) {
    fail(Exit::usage, "file name template {}: no {}, so that all files of a backup would have one name",
         pattern, file_type);
  }
  if (pattern.find('/') != pattern.npos) {
    fail(Exit::usage, "file name template {}: a '/' (the directory is given with the destination)", pattern);
  }
  replace_all(pattern_, "__HOSTNAME__", hostname);
  file(SetPart::waiting, Codec::lzma);  // the longest there is; throws when it is no name
}

Name SetNames::file(std::string_view type, Codec codec) const {
  std::string text = pattern_;
  replace_all(text, file_type, type);
  replace_all(text, "__CEXT__", suffix(codec));
  const auto name = Name::parse(text);
  if (!name) fail(Exit::usage, "file name template: '{}' is no name for a stored file", text);
  return *name;
}

std::string format_meta(const Meta& meta) {
  std::string text;
  const auto add = [&text](std::string_view key, const auto& value) {
    fmt::format_to(std::back_inserter(text), "{}: {}\n", key, on_one_line(fmt::format("{}", value)));
  };
  add("Min-Xlog", meta.min_xlog.text());
  add("Started-epoch", meta.started);
  add("Timezone", meta.timezone);
  add("Hostname", meta.hostname);
  add("Format", meta_format);
  add("State", pitr::text(meta.state));
  add("Label", meta.label);
  add("Backup-From", pitr::text(meta.from));
  add("Start-LSN", to_string(meta.start));
  add("Stop-LSN", to_string(meta.stop));
  add("Checkpoint-LSN", to_string(meta.checkpoint));
  add("Start-Time", utc(meta.start_time));
  add("Stop-Time", utc(meta.stop_time));
  add("Start-Timeline", number(meta.start_timeline));
  add("Stop-Timeline", number(meta.stop_timeline));
  add("System-Identifier", meta.system_identifier);
  add("PostgreSQL-Version", meta.server_version);
  add("Segment-Size", meta.segment_size.bytes());
  add("Data-Directory", meta.data_directory);
  add("Raw-Bytes", meta.raw_bytes);
  add("Stored-Bytes", meta.stored_bytes);
  add("Bad-Pages", meta.bad_pages);
  text += fmt::format("SHA-256: {}\n", sha256_hex(as_bytes(text)));
  return text;
}

}  // namespace pitr
