#include "archive/archive.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <map>

#include "archive/delivery_memory.h"
#include "archive/destinations.h"
#include "archive/job.h"
#include "archive/outcomes.h"
#include "archive/staging_copy.h"
#include "common/os/background_sink.h"
#include "common/os/file_source.h"
#include "common/postgres/control_file.h"

namespace pitr {
namespace {

std::string read_line(const std::filesystem::path& path) {
  FileSource source = open_regular(path);
  std::array<std::byte, 64> buffer;
  std::string text(reinterpret_cast<const char*>(buffer.data()), read_full(source, buffer));
  text.erase(std::min(text.find('\n'), text.size()));
  return text;
}

// Files go to a destination in their order. One before this may have been left to the spool while this one
// was on its way: then it has to wait behind it.
class InOrder final : public Sink {
 public:
  InOrder(std::unique_ptr<Sink> next, const Place& place, const Spool& spool)
      : next_(std::move(next)), place_(place), spool_(spool) {}
  void write(Bytes bytes) override { next_->write(bytes); }
  void prepare() override { next_->prepare(); }
  void finish() override {
    if (spool_.is_behind(place_))
      fail(Exit::failed, "{}: what waits for it in the spool comes first", place_.place);
    next_->finish();
  }

 private:
  std::unique_ptr<Sink> next_;
  const Place& place_;
  const Spool& spool_;
};

// One file on its way to all destinations.
class Distribution {
 public:
  explicit Distribution(const Job& job)
      : job_(job),
        targets_(job.archiving.targets),
        memory_(targets_.state_directory, job.archiving.cluster.openness),
        outcomes_(targets_) {}

  // Stores it wherever it can be stored at once. False: it may not be published.
  bool distribute(const std::function<bool()>& may_publish) {
    attempt([&] { known_ = memory_.places(job_.path); });
    try {
      auto everywhere = ways_to_all();
      // A running backup gets its copy of the same bytes.
      everywhere->add([&] { return copy_for_backup(job_); });
      return send(std::move(everywhere), may_publish);
    } catch (const Error&) {
      // Where a destination is open still, none of them was the cause: the file itself is, or what all have
      // in common.
      if (!outcomes_.is_enough() || outcomes_.has_open()) {
        attempt([&] { memory_.remember(job_.path, outcomes_.remote_places()); });
        throw;
      }
    }
    return true;
  }

  // It is wherever it is required. For the others that have not got it, it waits in the spool.
  void spool_the_rest() {
    std::string late;
    for (std::size_t i = 0; i < places().size(); ++i) {
      if (outcomes_.state(i) == Outcomes::State::missing) spool(i);
      if (outcomes_.state(i) == Outcomes::State::spooled)
        late += (late.empty() ? "" : ", ") + places()[i].place;
    }
    attempt([&] { memory_.forget(job_.path); });
    if (late.empty()) {
      log().note("Segment {} successfully sent to all destinations.", job_.name.text());
    } else {
      log().note("Segment {} waits in the spool for {}.", job_.name.text(), late);
    }
  }

 private:
  const std::vector<Place>& places() const { return targets_.destinations; }
  Log& log() const { return job_.archiving.log; }

  // Every compression runs once, whatever the number of its destinations.
  std::unique_ptr<Tee> ways_to_all() {
    std::map<std::pair<Codec, int>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < places().size(); ++i) {
      groups[{places()[i].compression.codec, places()[i].compression.level}].push_back(i);
    }
    auto all = std::make_unique<Tee>();
    for (const auto& [compression, members] : groups) {
      all->add([&, &group = members]() -> std::unique_ptr<Sink> {
        auto same = std::make_unique<Tee>();
        for (const std::size_t i : group) same->add([&] { return way_to(i); });
        if (!same->empty())
          return compress(places()[group.front()].compression, job_.workers, std::move(same));
        same->finish();  // throws what kept them from opening
        return nullptr;
      });
    }
    return all;
  }

  // The way to one destination; null when it holds the file. One sink around the other, from the outside:
  //   watched    sees how everything behind it ends
  //   in order   gives the file no name when an earlier file has been left to the spool meanwhile
  //   in time    another host has a thread of its own, and is left when it is silent
  //   put_wal    looks whether the file is there, writes it, publishes it
  std::unique_ptr<Sink> way_to(std::size_t i) {
    const Place& place = places()[i];
    const bool is_behind = targets_.spool && targets_.spool->is_behind(place);
    if (is_behind && outcomes_.can_do_without(i)) return way_to_queue(i);
    return outcomes_.watched(i, Outcomes::State::stored, [&]() -> std::unique_ptr<Sink> {
      if (is_behind) {
        fail(Exit::failed, "{}: what waits for it in {} comes first", called(place),
             targets_.spool->queue_path(place).native());
      }
      const bool is_known = known_.contains(place.place);
      // Nobody can ask a program what it has.
      if (is_known && kind(place) == PlaceKind::pipe) return nullptr;
      return in_order(place, in_time(i, [this, &place, is_known] {
                        return in_context(called(place), [&] {
                          return put_wal(job_.archiving.destinations.open(place), place.compression.codec,
                                         original(job_), is_known ? Content::known : Content::compared);
                        });
                      }));
    });
  }

  // Not compressed here.
  std::unique_ptr<Sink> way_to_queue(std::size_t i) {
    return outcomes_.watched(i, Outcomes::State::spooled, [&] { return open_queue(places()[i]); });
  }

  std::string called(const Place& place) const {
    return fmt::format("archive {} to {}", job_.name.text(), place.place);
  }

  std::unique_ptr<Sink> in_time(std::size_t i, const Tee::Opener& open) {
    if (kind(places()[i]) == PlaceKind::directory) return open();
    BackgroundSink::Patience patience{.called = called(places()[i])};
    if (targets_.spool) patience.may_be_left = [this, i] { return outcomes_.can_do_without(i); };
    return std::make_unique<BackgroundSink>(open, std::move(patience));
  }

  std::unique_ptr<Sink> in_order(const Place& place, std::unique_ptr<Sink> sink) {
    if (!sink || !targets_.spool) return sink;
    return std::make_unique<InOrder>(std::move(sink), place, *targets_.spool);
  }

  std::unique_ptr<Sink> open_queue(const Place& place) {
    targets_.spool->require_room(open_regular(job_.path).file_size(), place);
    return put_wal(targets_.spool->queue(place), place.compression.codec, original(job_));
  }

  bool send(std::unique_ptr<Tee> everywhere, const std::function<bool()>& may_publish) {
    if (everywhere->empty()) {
      if (!may_publish()) return false;
      everywhere->finish();  // throws when a destination could not be opened
      return true;
    }
    FileSource source = open_regular(job_.path);
    const auto chain = check_wal(expectation(job_.name, job_.archiving), std::move(everywhere));
    const std::uint64_t size = copy(source, *chain);
    if (size != source.file_size())
      fail(Exit::failed, "read {}: {} of {} bytes", job_.path.native(), size, source.file_size());
    chain->prepare();
    if (!may_publish()) return false;
    chain->finish();
    return true;
  }

  void spool(std::size_t i) {
    log().error("{}; it waits in the spool", outcomes_.reason(i));
    auto only = std::make_unique<Tee>();
    only->add([&]() -> std::unique_ptr<Sink> {
      auto queue = way_to_queue(i);
      return queue ? compress(places()[i].compression, job_.workers, std::move(queue)) : nullptr;
    });
    send(std::move(only), [] { return true; });
  }

  // The memory spares work and is asked for nothing else: whatever is wrong with it is no failure.
  template <typename F>
  void attempt(F step) {
    try {
      step();
    } catch (const Error& error) {
      log().error("{}", error.what());
    }
  }

  const Job& job_;
  const ArchiveTargets& targets_;
  const DeliveryMemory memory_;
  std::set<std::string> known_;  // the places that an earlier call delivered to
  Outcomes outcomes_;
};

}  // namespace

ArchivedCluster look_at_data_directory(const std::filesystem::path& data_directory, bool forced) {
  ArchivedCluster cluster;
  cluster.wal_directory = data_directory / "pg_wal";
  if (forced && !open_if_there(data_directory / "global" / "pg_control", O_RDONLY)) return cluster;
  cluster.major = read_line(data_directory / "PG_VERSION");
  cluster.identity = read_cluster_identity(data_directory);
  cluster.openness = openness_of(data_directory);
  return cluster;
}

bool archive_file(const std::filesystem::path& path, const Archiving& archiving, std::size_t workers,
                  const std::function<bool()>& may_publish) {
  const auto name = WalName::parse(path.filename().native());
  if (!name) fail(Exit::failed, "archive {}: not the name of a WAL file", path.native());
  const Job job{path, *name, workers, archiving};
  Distribution distribution(job);
  if (!distribution.distribute(may_publish)) return false;
  distribution.spool_the_rest();
  return true;
}

}  // namespace pitr
