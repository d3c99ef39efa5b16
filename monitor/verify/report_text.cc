#include <fmt/format.h>

#include "common/base/printable.h"
#include "common/base/time_text.h"
#include "monitor/verify/report.h"

namespace pitr {
namespace {

class Text {
 public:
  template <typename... A>
  void line(fmt::format_string<A...> format, A&&... arguments) {
    // Names of members are those of a tar that anybody may have made.
    text_ += printable(fmt::format(format, std::forward<A>(arguments)...)) + '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string names(const SegmentRange& range, SegmentSize size) {
  const std::string first = segment_name({range.timeline, range.first}, size).text();
  if (range.count() == 1) return first;
  return fmt::format("{} to {} ({} segments)", first, segment_name({range.timeline, range.last}, size).text(),
                     range.count());
}

void add(Text& out, const BackupReport& backup) {
  const Meta& meta = backup.meta;
  out.line("backup {}: {}", backup.name, words(backup.state).for_people);
  out.line("  of {} to {}, timeline {}{}", utc_text(meta.start_time), utc_text(meta.stop_time),
           number(meta.start_timeline),
           meta.server_version.empty() ? std::string() : ", PostgreSQL " + meta.server_version);
  for (const BackupReport::Span& span : backup.spans) {
    const ReachableSpan& reach = span.reach;
    if (reach.to) {
      out.line("  recoverable on timeline {} from {} ({}) to {} ({})", number(reach.timeline),
               to_string(reach.from), utc_text(meta.stop_time), to_string(*reach.to),
               utc_text(span.until.value_or(meta.stop_time)));
    } else {
      out.line("  not recoverable on timeline {} from the WAL that is here", number(reach.timeline));
    }
    for (const SegmentRange& hole : reach.holes) out.line("    hole: {}", names(hole, meta.segment_size));
  }
}

void add(Text& out, const ArchiveReport& report) {
  const ArchiveListing& archive = report.listing;
  const SegmentSize size = archive.identity.segment_size;
  out.line("archive {}: {}, {} segments of {} MB", archive.place, report.good ? "good" : "NOT GOOD",
           archive.segments.size(), size.bytes() >> 20);
  for (const SegmentRange& range : archive.ranges) out.line("  {}", names(range, size));
}

void add(Text& out, const DrillReport& drill) {
  out.line("drill {}: {}", drill.backup,
           !drill.passed           ? "FAILED"
           : drill.indexes_checked ? "passed"
                                   : "passed, indexes not checked");
  out.line("  copy {:.1f} s, WAL replay {:.1f} s, checks {:.1f} s: {} tables and {} indexes of {} databases",
           drill.copy_seconds, drill.replay_seconds, drill.check_seconds, drill.tables, drill.indexes,
           drill.databases);
}

void add(Text& out, const Finding& finding) {
  out.line("{}: {}: {}{}{}", words(finding.kind).for_people, finding.file,
           finding.member.empty() ? std::string() : finding.member + ": ",
           finding.offset ? fmt::format("at byte {}: ", *finding.offset) : std::string(), finding.reason);
}

}  // namespace

std::string report_text(const Report& report) {
  Text out;
  for (const BackupReport& backup : report.backups) add(out, backup);
  for (const ArchiveReport& archive : report.archives) add(out, archive);
  if (report.drill) add(out, *report.drill);
  for (const std::string& note : report.findings.notes()) out.line("note: {}", note);
  for (const Finding& finding : report.findings.kept()) add(out, finding);
  const std::size_t count = report.findings.count();
  if (count > report.findings.kept().size())
    out.line("... and {} more", count - report.findings.kept().size());
  out.line("{} {}", count, count == 1 ? "finding" : "findings");
  return out.take();
}

}  // namespace pitr
