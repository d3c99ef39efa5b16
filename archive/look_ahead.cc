#include "archive/look_ahead.h"

#include "archive/caller.h"
#include "archive/ready_files.h"
#include "archive/turns.h"
#include "common/os/parallel_for.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

// Does the server ask, and is there probably more? Found out without reading archive_status, where a million
// names may be: a server without a backlog pays for a few looks. The marks are the server's: whoever calls by
// hand, perhaps with other destinations, must not touch them.
bool has_backlog(const std::filesystem::path& path, const WalName& name,
                 const std::filesystem::path& data_directory, const ReadyFiles& ready, SegmentSize size) {
  std::error_code code;
  if (!std::filesystem::equivalent(path.parent_path(), data_directory / "pg_wal", code)) return false;
  if (!ready.has(name)) return false;
  const auto start = name.start(size);
  const bool is_segment = name.kind() == WalKind::segment && start;
  // The others are rare.
  if (is_segment && !ready.has(WalName::segment(name.timeline(), {start->value + size.bytes()}, size)))
    return false;
  return is_called_by_server(data_directory);
}

// A row of files, each archived whole by one thread, published one after the other.
class Batch {
 public:
  Batch(std::filesystem::path directory, const LookAhead& ahead, const Archiving& archiving,
        const ReadyFiles& ready)
      : directory_(std::move(directory)), ahead_(ahead), archiving_(archiving), ready_(ready) {}

  void archive(const std::vector<WalName>& names) {
    // One more than compress: one of them mostly waits for the disk.
    parallel_for(names.size(), ahead_.workers + 1, [&](std::size_t i) {
      Turns::Turn turn(turns_, i);
      if (!turns_.over() && std::chrono::steady_clock::now() < ahead_.end)
        archive_one(names[i], turn, names.back());
    });
  }

 private:
  // The server is to ask for the last one itself and to be told that it is stored: only what it asks for gets
  // into pg_stat_archiver, and many wait there for the last segment.
  void archive_one(const WalName& name, Turns::Turn& turn, const WalName& last) {
    try {
      // Once its mark is gone the server may be writing other WAL into the file.
      const auto may_publish = [&] { return turn.comes() && ready_.has(name); };
      const bool is_stored =
          ready_.has(name) && archive_file(directory_ / name.text(), archiving_, 1, may_publish);
      if (is_stored && name != last) ready_.mark_done(name);
    } catch (const Error& error) {
      // Those behind a failure mostly have the same cause, and are not published anyway.
      if (!turn.comes()) return;
      if (ready_.has(name)) {
        return archiving_.log.error("looking ahead: {}; the server will ask for {} itself", error.what(),
                                    name.text());
      }
    }
    turn.go_on();  // it is stored, or nobody wants it any more
  }

  const std::filesystem::path directory_;
  const LookAhead& ahead_;
  const Archiving& archiving_;
  const ReadyFiles& ready_;
  Turns turns_;
};

}  // namespace

void archive_ahead(const std::filesystem::path& path, const LookAhead& ahead, const Archiving& archiving) {
  const auto name = WalName::parse(path.filename().native());
  if (ahead.most == 0 || !name || !archiving.cluster.identity) return;
  const ReadyFiles ready(ahead.data_directory);
  try {
    const SegmentSize size = archiving.cluster.identity->segment_size;
    if (!has_backlog(path, *name, ahead.data_directory, ready, size)) return;
    const auto names = ready.first(ahead.most, *name);
    if (names.size() < 2) return;  // the server asks for it at once, and nothing would be spared
    archiving.log.timed(fmt::format("Looking ahead, up to {} files", names.size()),
                        [&] { Batch(path.parent_path(), ahead, archiving, ready).archive(names); });
  } catch (const Error& error) {
    archiving.log.error("looking ahead: {}", error.what());
  } catch (const Interrupted& interruption) {
    // The file that the server asked for is stored, and the answer is that it is.
    archiving.log.note("Looking ahead ends: {}.", interruption.what());
  }
}

}  // namespace pitr
