#include <nlohmann/json.hpp>

#include "common/base/time_text.h"
#include "monitor/verify/report.h"

namespace pitr {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::vector<SegmentRange>& ranges, SegmentSize size) {
  Json list = Json::array();
  for (const SegmentRange& range : ranges) {
    list.push_back({{"timeline", number(range.timeline)},
                    {"first", segment_name({range.timeline, range.first}, size).text()},
                    {"last", segment_name({range.timeline, range.last}, size).text()},
                    {"segments", range.count()}});
  }
  return list;
}

Json json_of(const BackupReport& backup) {
  const Meta& meta = backup.meta;
  Json spans = Json::array();
  for (const BackupReport::Span& span : backup.spans) {
    Json row = {{"timeline", number(span.reach.timeline)}, {"recoverable", span.reach.to.has_value()}};
    if (span.reach.to) {
      row["from_lsn"] = to_string(span.reach.from);
      row["to_lsn"] = to_string(*span.reach.to);
      row["from_time"] = utc_text(meta.stop_time);
      row["to_time"] = utc_text(span.until.value_or(meta.stop_time));
    }
    row["holes"] = json_of(span.reach.holes, meta.segment_size);
    spans.push_back(std::move(row));
  }
  return {{"name", backup.name},
          {"state", words(backup.state).for_programs},
          {"start_time", utc_text(meta.start_time)},
          {"stop_time", utc_text(meta.stop_time)},
          {"start_lsn", to_string(meta.start)},
          {"stop_lsn", to_string(meta.stop)},
          {"timeline", number(meta.start_timeline)},
          {"server_version", meta.server_version},
          {"spans", std::move(spans)}};
}

Json json_of(const ArchiveReport& report) {
  const ArchiveListing& archive = report.listing;
  const SegmentSize size = archive.identity.segment_size;
  return {{"place", archive.place},
          {"state", report.good ? "good" : "damaged"},
          {"system_identifier", std::to_string(archive.identity.system_identifier)},
          {"segment_size", size.bytes()},
          {"segments", archive.segments.size()},
          {"ranges", json_of(archive.ranges, size)},
          {"gaps", json_of(archive.gaps, size)}};
}

Json json_of(const Finding& finding) {
  Json row = {{"kind", words(finding.kind).for_programs}, {"file", finding.file}};
  if (!finding.member.empty()) row["member"] = finding.member;
  if (finding.offset) row["offset"] = *finding.offset;
  row["reason"] = finding.reason;
  return row;
}

Json json_of(const DrillReport& drill) {
  return {{"backup", drill.backup},
          {"target", drill.target},
          {"passed", drill.passed},
          {"copy_seconds", drill.copy_seconds},
          {"replay_seconds", drill.replay_seconds},
          {"check_seconds", drill.check_seconds},
          {"databases", drill.databases},
          {"tables", drill.tables},
          {"indexes", drill.indexes},
          {"indexes_checked", drill.indexes_checked}};
}

template <typename List>
Json list_of(const List& rows) {
  Json list = Json::array();
  for (const auto& row : rows) list.push_back(json_of(row));
  return list;
}

}  // namespace

std::string report_json(const Report& report) {
  Json json = {{"version", 1},
               {"backups", list_of(report.backups)},
               {"archives", list_of(report.archives)},
               {"notes", report.findings.notes()},
               {"findings", list_of(report.findings.kept())},
               {"findings_in_all", report.findings.count()}};
  if (report.drill) json["drill"] = json_of(*report.drill);
  // Names of members need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pitr
