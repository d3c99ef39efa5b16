#include "common/set/backup_meta.h"

#include <charconv>
#include <initializer_list>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/base/time_text.h"
#include "common/codec/digest.h"

namespace pitr {
namespace {

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

std::string on_one_line(std::string_view value) {
  std::string text(value);
  replace_all(text, "\\", "\\\\");
  replace_all(text, "\n", "\\n");
  replace_all(text, "\r", "\\r");
  return text;
}

// The lines of a meta file by key. Every question for a line that is missing or malformed is an Error.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      if (line.size() == text.size()) fail(Exit::damaged, "its last line is cut off");
      text.remove_prefix(line.size() + 1);
      const std::size_t colon = line.find(": ");
      if (colon == line.npos) fail(Exit::damaged, "'{}' is no line of a meta file", line);
      lines_.emplace(line.substr(0, colon), line.substr(colon + 2));
    }
  }

  bool has(std::string_view key) const { return lines_.contains(key); }
  std::string text(std::string_view key) const {
    std::string text;
    const std::string_view value = at(key);
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) {
        const char escaped = value[++i];
        text += escaped == 'n' ? '\n' : escaped == 'r' ? '\r' : escaped;
      } else {
        text += value[i];
      }
    }
    return text;
  }
  template <typename N>
  N whole_number(std::string_view key) const {
    const std::string_view value = at(key);
    N result = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
    if (error != std::errc() || end != value.data() + value.size()) refuse(key);
    return result;
  }
  // What `parse` makes of the value, which is null when it cannot.
  template <typename Parse>
  auto parsed(std::string_view key, Parse parse) const {
    const auto result = parse(at(key));
    if (!result) refuse(key);
    return *result;
  }

 private:
  std::string_view at(std::string_view key) const {
    const auto line = lines_.find(key);
    if (line == lines_.end()) fail(Exit::damaged, "it has no line '{}'", key);
    return line->second;
  }
  [[noreturn]] void refuse(std::string_view key) const {
    fail(Exit::damaged, "'{}: {}' makes no sense", key, at(key));
  }

  std::map<std::string_view, std::string_view> lines_;
};

std::optional<WalName> parse_segment(std::string_view text) {
  auto name = WalName::parse(text);
  if (name && name->kind() != WalKind::segment) name.reset();
  return name;
}

template <typename E>
std::optional<E> one_of(std::initializer_list<E> values, std::string_view wanted) {
  for (const E value : values) {
    if (text(value) == wanted) return value;
  }
  return std::nullopt;
}

void check_digest(std::string_view text) {
  const std::string_view key = "SHA-256: ";
  const std::size_t at = text.rfind(key);
  if (at == text.npos || (at > 0 && text[at - 1] != '\n')) fail(Exit::damaged, "it has no line 'SHA-256'");
  if (text.substr(at) != fmt::format("{}{}\n", key, sha256_hex(as_bytes(text.substr(0, at))))) {
    fail(Exit::damaged, "its SHA-256 does not fit");
  }
}

// OmniPITR's: only the start of the backup is known.
Meta parse_omnipitr(const Lines& lines) {
  const WalName first = lines.parsed("Min-Xlog", parse_segment);
  const SegmentSize size = *SegmentSize::of(16 * 1024 * 1024);
  const auto started = lines.whole_number<std::time_t>("Started-epoch");
  const Lsn start = lines.parsed("Min-Xlog", [&](std::string_view) { return first.start(size); });
  return {.min_xlog = first,
          .started = started,
          .timezone = lines.text("Timezone"),
          .hostname = lines.text("Hostname"),
          .start = start,
          .stop = start,
          .checkpoint = start,
          .start_time = started,
          .stop_time = started,
          .start_timeline = first.timeline(),
          .stop_timeline = first.timeline(),
          .segment_size = size,
          .format = 0};
}

}  // namespace

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
  add("Start-Time", utc_text(meta.start_time));
  add("Stop-Time", utc_text(meta.stop_time));
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

Meta parse_meta(std::string_view text) {
  const Lines lines(text);
  if (!lines.has("Format")) return parse_omnipitr(lines);
  if (const int format = lines.whole_number<int>("Format"); format != meta_format) {
    fail(Exit::failed, "format {}, this program knows {} (a newer version wrote it)", format, meta_format);
  }
  check_digest(text);
  const auto timeline = [&](std::string_view key) {
    const auto value = lines.whole_number<std::uint32_t>(key);
    if (value == 0) fail(Exit::damaged, "'{}: 0' makes no sense", key);
    return Timeline{value};
  };
  return {.min_xlog = lines.parsed("Min-Xlog", parse_segment),
          .started = lines.whole_number<std::time_t>("Started-epoch"),
          .timezone = lines.text("Timezone"),
          .hostname = lines.text("Hostname"),
          .state = lines.parsed("State",
                                [](std::string_view value) {
                                  return one_of({SetState::complete, SetState::waiting}, value);
                                }),
          .label = lines.text("Label"),
          .from = lines.parsed("Backup-From",
                               [](std::string_view value) {
                                 return one_of({BackupFrom::primary, BackupFrom::standby}, value);
                               }),
          .start = lines.parsed("Start-LSN", parse_lsn),
          .stop = lines.parsed("Stop-LSN", parse_lsn),
          .checkpoint = lines.parsed("Checkpoint-LSN", parse_lsn),
          .start_time = lines.parsed("Start-Time", parse_utc),
          .stop_time = lines.parsed("Stop-Time", parse_utc),
          .start_timeline = timeline("Start-Timeline"),
          .stop_timeline = timeline("Stop-Timeline"),
          .system_identifier = lines.whole_number<std::uint64_t>("System-Identifier"),
          .server_version = lines.text("PostgreSQL-Version"),
          .segment_size =
              lines.parsed("Segment-Size",
                           [&](std::string_view) {
                             return SegmentSize::of(lines.whole_number<std::uint64_t>("Segment-Size"));
                           }),
          .data_directory = lines.text("Data-Directory"),
          .raw_bytes = lines.whole_number<std::uint64_t>("Raw-Bytes"),
          .stored_bytes = lines.whole_number<std::uint64_t>("Stored-Bytes"),
          .bad_pages = lines.whole_number<std::uint64_t>("Bad-Pages"),
          .format = meta_format};
}

}  // namespace pitr
