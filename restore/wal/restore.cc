#include "restore/wal/restore.h"

#include <iterator>

#include <fmt/ranges.h>

#include "common/os/spool_file.h"
#include "common/store/place.h"
#include "common/wal/marker.h"
#include "common/wal/wal_archive.h"
#include "restore/wal/gap.h"

namespace pitr {
namespace {

std::optional<Codec> narrowed(const Place& source) {
  return source.has_codec ? std::optional(source.compression.codec) : std::nullopt;
}

// Several forms of one file that are all good and not the same are no archive to trust.
void require_same(Store& store, const RestoreRequest& request, const WalExpectation& expected) {
  SpoolFile first(request.target.parent_path());
  std::optional<Name> first_name;
  for (StoredWal& stored : find_wal(store, request.name)) {
    const Name name = stored.name;
    SpoolFile content(request.target.parent_path());
    try {
      read_wal(store, std::move(stored), expected, std::make_unique<BorrowedSink>(content));
    } catch (const Error&) {
      continue;  // a damaged form decides nothing; fetching reports it
    }
    if (!first_name) {
      first_name = name;
      first = std::move(content);
    } else if (!same_bytes(*first.reader(), *content.reader())) {
      fail(Exit::failed, "{} and {} are both good and differ: one of them must go",
           store.describe(*first_name), store.describe(name));
    }
  }
}

// The forms of one file in one source: the first good one is put in place.
void fetch_one_of(Store& store, std::vector<StoredWal> forms, const RestoreRequest& request,
                  const WalExpectation& expected, Log& log) {
  for (std::size_t i = 0; i < forms.size(); ++i) {
    try {
      // PostgreSQL reads it now and makes it durable when it keeps it. Its files in pg_wal are 0600.
      auto target = std::make_unique<AtomicFile>(request.target, AtomicFile::Existing::replace, 0600,
                                                 AtomicFile::Durable::no);
      return read_wal(store, std::move(forms[i]), expected, std::move(target));
    } catch (const Error& error) {
      if (i + 1 == forms.size()) throw;
      log.error("{}; trying another form of it", error.what());
    }
  }
}

// A source narrowed to gzip whose segments are .zst is a mistake in the configuration, and no end of the WAL.
void refuse_other_codec(Store& store, const Place& source, const RestoreRequest& request) {
  if (!source.has_codec) return;
  for (const StoredWal& stored : find_wal(store, request.name)) {
    fail(Exit::usage, "{} is there, but the source is narrowed to {}", store.describe(stored.name),
         name(source.compression.codec));
  }
}

// False: the place was reached, is the archive of this cluster and has no such file.
bool fetch(const Place& source, const RestoreRequest& request, Log& log) {
  const auto store = open_store(source, {});
  auto forms = find_wal(*store, request.name, narrowed(source));
  // A segment says itself whose it is; absence and a history file need the place to say it.
  if (forms.empty() || request.name.kind() != WalKind::segment)
    require_archive_of(*store, request.system_identifier);
  if (forms.empty()) {
    refuse_other_codec(*store, source, request);
    return false;
  }
  const WalExpectation expected{request.name, request.system_identifier, true, {}};
  if (forms.size() > 1) require_same(*store, request, expected);
  fetch_one_of(*store, std::move(forms), request, expected, log);
  log.note("Segment {} restored from {}", request.name.text(), source.place);
  return true;
}

// --partial=allow: what a promotion left of the last segment of its timeline, when nothing came after it.
bool fetch_partial(const RestoreRequest& request, Log& log) {
  if (request.name.kind() != WalKind::segment || first_segment_after(request)) return false;
  RestoreRequest partial = request;
  partial.name = *WalName::parse(request.name.text() + ".partial");
  partial.allow_partial = false;
  if (!restore_file(partial, log)) return false;
  log.error("{} is the unfinished end of timeline {}", partial.name.text(), number(partial.name.timeline()));
  return true;
}

}  // namespace

bool is_behind_end(const RestoreRequest& request) {
  if (!request.until || request.name.kind() == WalKind::history) return false;
  // Another timeline is one that this recovery was not planned along.
  const auto position = [](const WalName& name) { return name.text().substr(8, 16); };
  return request.name.timeline() > request.until->timeline() ||
         position(request.name) > position(*request.until);
}

bool restore_file(const RestoreRequest& request, Log& log) {
  if (is_behind_end(request)) return false;
  std::vector<std::string> failures;
  for (const Place& source : request.sources) {
    try {
      if (!fetch(source, request, log)) continue;
      for (const std::string& failure : failures) log.error("restore {}: {}", request.name.text(), failure);
      return true;
    } catch (const Error& error) {
      failures.emplace_back(error.what());
    }
  }
  if (!failures.empty()) fail(Exit::failed, "restore {}: {}", request.name.text(), fmt::join(failures, "; "));
  return request.allow_partial && fetch_partial(request, log);
}

}  // namespace pitr
