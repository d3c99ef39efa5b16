#include "archive/archive.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <map>

#include "archive/marking.h"
#include "common/control_file.h"
#include "common/staging.h"

namespace pitr {
namespace {

// What all destinations of one run share.
struct Job {
  std::filesystem::path path;
  WalName name;
  const ArchivedCluster& cluster;
  const ArchiveTargets& targets;
  std::size_t workers;
  Log& log;
};

enum class Present { no, identical };

// Is the file there already, under any suffix? Then it is made durable; different content throws.
Present look_for(Store& store, const Job& job) {
  Present present = Present::no;
  for (StoredWal& stored : find_wal(store, job.name)) {
    const Name name = stored.name;
    FileSource original = open_regular(job.path);
    if (!same_content(store, std::move(stored), original)) {
      fail(Exit::failed, "{} exists with other content than {} and is left alone", store.describe(name),
           job.path.native());
    }
    store.sync(name);
    present = Present::identical;
  }
  return present;
}

// One destination. When another archiver publishes the same name first, its file must be identical.
class Delivery final : public Sink {
 public:
  Delivery(std::unique_ptr<Store> store, const Name& name, const Job& job)
      : store_(std::move(store)), job_(job), file_(store_->create(name)) {}

  void write(Bytes bytes) override { file_->write(bytes); }
  void prepare() override { file_->prepare(); }

  void finish() override {
    // No link() refuses a name that another archiver gives at this moment under another suffix.
    const Fd alone = store_->lock(*Name::parse(marker_name));
    if (look_for(*store_, job_) == Present::identical) return;
    try {
      file_->finish();
    } catch (const AtomicFile::Conflict&) {
      if (look_for(*store_, job_) == Present::no) throw;
    }
  }

 private:
  std::unique_ptr<Store> store_;
  const Job& job_;
  std::unique_ptr<Sink> file_;
};

// Null when the destination holds the file already.
std::unique_ptr<Sink> open_destination(const Place& place, const Job& job) {
  return in_context(fmt::format("archive {} to {}", job.name.text(), place.place), [&]() -> std::unique_ptr<Sink> {
    auto store = open_store(place, job.cluster.openness);
    require_marker(*store, job.cluster.identity, job.targets.state_directory, job.cluster.openness, job.log);
    if (look_for(*store, job) == Present::identical) return nullptr;
    return std::make_unique<Delivery>(std::move(store), Name(job.name, suffix(place.compression.codec)), job);
  });
}

// Every compression runs once, whatever the number of its destinations.
std::unique_ptr<Tee> open_destinations(const Job& job) {
  std::map<std::pair<Codec, int>, std::vector<Place>> groups;
  for (const Place& place : job.targets.destinations) {
    groups[{place.compression.codec, place.compression.level}].push_back(place);
  }
  auto all = std::make_unique<Tee>();
  for (const auto& [compression, places] : groups) {
    all->add([&, &group = places]() -> std::unique_ptr<Sink> {
      auto same = std::make_unique<Tee>();
      for (const Place& place : group) same->add([&] { return open_destination(place, job); });
      if (!same->empty()) return compress(group.front().compression, job.workers, std::move(same));
      same->finish();  // throws what kept them from opening
      return nullptr;
    });
  }
  return all;
}

// The copy for a running backup. Whatever goes wrong here is told to the backup and never fails the archiving.
class StagingCopy final : public Sink {
 public:
  StagingCopy(const Place& place, const Job& job) : path_(place.place), job_(job) {
    attempt([&] {
      auto store = open_directory(path_, job.cluster.openness);
      if (look_for(*store, job) == Present::identical) return;
      const Name name(job.name, suffix(place.compression.codec));
      copy_ = compress(place.compression, job.workers, std::make_unique<Delivery>(std::move(store), name, job));
    });
  }
  void write(Bytes bytes) override {
    attempt([&] {
      if (copy_) copy_->write(bytes);
    });
  }
  void prepare() override {
    attempt([&] {
      if (copy_) copy_->prepare();
    });
  }
  void finish() override {
    attempt([&] {
      if (copy_) copy_->finish();
    });
  }

 private:
  void attempt(const std::function<void()>& step) {
    try {
      step();
    } catch (const Error& error) {
      copy_.reset();
      job_.log.error("staging of {}: {}; the backup will look elsewhere", job_.name.text(), error.what());
      tell_backup();
    }
  }

  void tell_backup() {
    try {
      mark_staging_incomplete(path_);
    } catch (const Error& error) {
      job_.log.error("{}; the backup will wait for {} in vain", error.what(), job_.name.text());
    }
  }

  std::filesystem::path path_;
  const Job& job_;
  std::unique_ptr<Sink> copy_;
};

bool backup_is_running(const ArchiveTargets& targets, Log& log) {
  try {
    return targets.staging && staging_state(targets.staging->place) == StagingState::live;
  } catch (const Error& error) {
    throw_if_signalled();
    log.error("look for a running backup: {}", error.what());
    return false;
  }
}

WalExpectation expectation(const Job& job) {
  WalExpectation expected{job.name, {}, job.targets.check_header, {}};
  if (job.cluster.identity) expected.system_identifier = job.cluster.identity->system_identifier;
  expected.inspect = [&job](const WalPageHeader& header) {
    const std::string_view major = major_of_wal_magic(header.magic);
    if (major.empty()) {
      job.log.error("WAL segment {}: magic {:04X} is of no known PostgreSQL; archived, because the rest is right",
                    job.name.text(), header.magic);
    } else if (!job.cluster.major.empty() && major != job.cluster.major) {
      fail(Exit::damaged, "WAL segment {}: written by PostgreSQL {}, the data directory is of {}", job.name.text(),
           major, job.cluster.major);
    }
  };
  return expected;
}

std::string read_line(const std::filesystem::path& path) {
  FileSource source = open_regular(path);
  std::array<std::byte, 64> buffer;
  std::string text(reinterpret_cast<const char*>(buffer.data()), read_full(source, buffer));
  text.erase(std::min(text.find('\n'), text.size()));
  return text;
}

}  // namespace

ArchivedCluster look_at_data_directory(const std::filesystem::path& data_directory, bool forced) {
  ArchivedCluster cluster;
  if (forced && !open_if_there(data_directory / "global" / "pg_control", O_RDONLY)) return cluster;
  cluster.major = read_line(data_directory / "PG_VERSION");
  cluster.identity = read_cluster_identity(data_directory);
  cluster.openness = openness_of(data_directory);
  return cluster;
}

bool archive_file(const std::filesystem::path& path, const Archiving& archiving, std::size_t workers,
                  const std::function<bool()>& may_publish) {
  const ArchiveTargets& targets = archiving.targets;
  Log& log = archiving.log;
  const auto name = WalName::parse(path.filename().native());
  if (!name) fail(Exit::failed, "archive {}: not the name of a WAL file", path.native());
  const Job job{path, *name, archiving.cluster, targets, workers, log};

  auto everywhere = open_destinations(job);
  // Where it must be it is on its way; a running backup gets its copy of the same bytes.
  if (backup_is_running(targets, log)) {
    everywhere->add([&] { return std::make_unique<StagingCopy>(*targets.staging, job); });
  }
  if (everywhere->empty()) {
    everywhere->finish();  // throws when a destination could not be opened
    if (!may_publish()) return false;
    log.note("Segment {} is at all destinations already.", name->text());
    return true;
  }
  FileSource source = open_regular(path);
  const auto chain = check_wal(expectation(job), std::move(everywhere));
  const std::uint64_t size = copy(source, *chain);
  if (size != source.size()) fail(Exit::failed, "read {}: {} of {} bytes", path.native(), size, source.size());
  chain->prepare();
  if (!may_publish()) return false;
  chain->finish();
  log.note("Segment {} successfully sent to all destinations.", name->text());
  return true;
}

}  // namespace pitr
