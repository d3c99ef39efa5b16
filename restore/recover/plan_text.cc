#include "restore/recover/plan_text.h"

#include <algorithm>

#include "common/base/time_text.h"
#include "restore/recover/listing.h"

namespace pitr {
namespace {

std::string timelines_text(const TimelinePath& path) {
  std::string text;
  for (const TimelineSpan& span : path) {
    if (text.empty()) {
      text = std::to_string(number(span.timeline));
    } else {
      text += fmt::format(" -> {} (from {})", number(span.timeline), to_string(span.begin));
    }
  }
  return text;
}

std::string verdict_text(const Plan& plan) {
  const char* verdict = plan.reach == Reach::yes  ? "can be reached"
                        : plan.reach == Reach::no ? "cannot be reached"
                                                  : "cannot tell";
  return plan.reason.empty() ? verdict : fmt::format("{}: {}", verdict, plan.reason);
}

}  // namespace

std::string plan_text(const Plan& plan, const RecoveryTarget& target, const std::string& data_directory,
                      const PlannedTablespaces& tablespaces) {
  const Meta& meta = plan.set.meta;
  const SetContents& contents = plan.contents;
  std::string text = fmt::format("backup      {}\n            {} - {}, LSN {} - {}, timeline {}\n",
                                 plan.set.name, utc_text(meta.start_time), utc_text(meta.stop_time),
                                 to_string(meta.start), to_string(meta.stop), number(meta.stop_timeline));
  text += fmt::format("target      {}: {}\n", describe(target), verdict_text(plan));
  if (!plan.moved.empty()) text += fmt::format("            {}\n", plan.moved);
  text += fmt::format("timelines   {}\n", timelines_text(plan.path));
  const auto name = [&](const SegmentKey& key) { return segment_name(key, meta.segment_size).text(); };
  const auto bundled = std::ranges::count(contents.wal, WalKind::segment, &WalName::kind);
  text += fmt::format("WAL         {} - {}: {} segments without a gap, {} are in the backup\n",
                      meta.min_xlog.text(), plan.wal.last ? name(*plan.wal.last) : "none", plan.wal.segments,
                      bundled);
  if (plan.wal.later) {
    text += fmt::format("missing     from {} to before {}\n", name(plan.wal.missing), name(*plan.wal.later));
  }
  const std::string where = data_directory.empty() ? "--data-dir" : data_directory;
  if (contents.has_manifest) {
    const auto wanted = space_wanted(contents, where, tablespaces.of_backup);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      text += fmt::format("{:<12}{} into {}", i == 0 ? "writes" : "", amount(wanted[i].second),
                          wanted[i].first.native());
      if (i > 0)
        text += fmt::format(", tablespace {}, before {}", tablespaces.of_backup[i - 1].oid,
                            tablespaces.of_backup[i - 1].original);
      text += "\n";
    }
  } else {
    text += fmt::format("writes      into {} (how much, a set of OmniPITR does not say)\n", where);
  }
  for (const Tablespace& left : tablespaces.left)
    text += fmt::format("empties     {}, tablespace {}, younger than the backup\n", left.target.native(),
                        left.oid);
  for (const ReplayedTablespace& created : tablespaces.replayed) {
    text += fmt::format("creates     tablespace {} in {} (the WAL does, at LSN {}), which must be empty\n",
                        created.oid, created.location, to_string(created.lsn));
  }
  return text;
}

}  // namespace pitr
