#include "archive/archive.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <map>

#include "archive/delivered.h"
#include "archive/delivery.h"
#include "archive/destinations.h"
#include "archive/outcomes.h"
#include "archive/staging_copy.h"
#include "common/os/background_sink.h"
#include "common/os/file_source.h"
#include "common/os/signals.h"
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
  Distribution(const Job& job, Destinations& destinations)
      : job_(job),
        destinations_(destinations),
        delivered_(job.targets.state_directory, job.cluster.openness),
        outcomes_(job.targets) {}

  // Stores it wherever it can be stored at once. False: it may not be published.
  bool distribute(const std::function<bool()>& may_publish) {
    recall();
    try {
      auto everywhere = open_all();
      // Where it must be it is on its way; a running backup gets its copy of the same bytes.
      everywhere->add([&] { return copy_for_backup(job_); });
      return send(std::move(everywhere), may_publish);
    } catch (const Error&) {
      throw_if_signalled();
      // One that is open still was not the cause: the file itself is, or what all have in common.
      if (!outcomes_.is_enough() || outcomes_.has_open()) {
        remember();
        throw;
      }
    }
    return true;
  }

  // What is not required waits in the spool for those that have not got the file.
  void spool_the_rest() {
    std::string late;
    for (std::size_t i = 0; i < places().size(); ++i) {
      if (outcomes_.state(i) == Outcomes::State::missing) spool(i);
      if (outcomes_.state(i) == Outcomes::State::spooled)
        late += (late.empty() ? "" : ", ") + places()[i].place;
    }
    forget();
    if (late.empty()) {
      job_.log.note("Segment {} successfully sent to all destinations.", job_.name.text());
    } else {
      job_.log.note("Segment {} waits in the spool for {}.", job_.name.text(), late);
    }
  }

 private:
  const std::vector<Place>& places() const { return job_.targets.destinations; }

  // Every compression runs once, whatever the number of its destinations.
  std::unique_ptr<Tee> open_all() {
    std::map<std::pair<Codec, int>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < places().size(); ++i) {
      groups[{places()[i].compression.codec, places()[i].compression.level}].push_back(i);
    }
    auto all = std::make_unique<Tee>();
    for (const auto& [compression, members] : groups) {
      all->add([&, &group = members]() -> std::unique_ptr<Sink> {
        auto same = std::make_unique<Tee>();
        for (const std::size_t i : group) same->add([&] { return open(i); });
        if (!same->empty())
          return compress(places()[group.front()].compression, job_.workers, std::move(same));
        same->finish();  // throws what kept them from opening
        return nullptr;
      });
    }
    return all;
  }

  // Null: the destination holds the file.
  std::unique_ptr<Sink> open(std::size_t i) {
    const Place& place = places()[i];
    if (job_.targets.spool && job_.targets.spool->is_behind(place)) {
      if (!outcomes_.can_do_without(i)) {
        return outcomes_.noted(i, Outcomes::State::stored, [&]() -> std::unique_ptr<Sink> {
          fail(Exit::failed, "archive {} to {}: what waits for it in {} comes first", job_.name.text(),
               place.place, job_.targets.spool->lock_path(place).parent_path().native());
        });
      }
      return outcomes_.noted(i, Outcomes::State::spooled, [&] { return open_queue(place); });
    }
    if (known_.contains(place.place) && kind(place) == PlaceKind::pipe) {
      return outcomes_.noted(i, Outcomes::State::stored, [] { return nullptr; });
    }
    const Content content = known_.contains(place.place) ? Content::known : Content::compared;
    const auto open_now = [this, &place, content] {
      return in_context(fmt::format("archive {} to {}", job_.name.text(), place.place), [&] {
        return deliver_to(destinations_.open(place), place.compression.codec, job_, content);
      });
    };
    return outcomes_.noted(i, Outcomes::State::stored,
                           [&] { return in_order(place, side_by_side(i, open_now)); });
  }

  // Another host has a thread of its own. It may be dead or slow: where there is a spool, nobody waits for it
  // who can do without it.
  std::unique_ptr<Sink> side_by_side(std::size_t i, const Tee::Opener& open) {
    if (kind(places()[i]) == PlaceKind::directory) return open();
    BackgroundSink::Patience patience;
    if (job_.targets.spool) patience.may_be_left = [this, i] { return outcomes_.can_do_without(i); };
    return std::make_unique<BackgroundSink>(open, std::move(patience));
  }

  std::unique_ptr<Sink> in_order(const Place& place, std::unique_ptr<Sink> sink) {
    if (!sink || !job_.targets.spool) return sink;
    return std::make_unique<InOrder>(std::move(sink), place, *job_.targets.spool);
  }

  std::unique_ptr<Sink> open_queue(const Place& place) {
    job_.targets.spool->require_room(open_regular(job_.path).size(), place);
    return deliver_to(job_.targets.spool->queue(place), place.compression.codec, job_);
  }

  bool send(std::unique_ptr<Tee> everywhere, const std::function<bool()>& may_publish) {
    if (everywhere->empty()) {
      if (!may_publish()) return false;
      everywhere->finish();  // throws when a destination could not be opened
      return true;
    }
    FileSource source = open_regular(job_.path);
    const auto chain = check_wal(expectation(job_), std::move(everywhere));
    const std::uint64_t size = copy(source, *chain);
    if (size != source.size())
      fail(Exit::failed, "read {}: {} of {} bytes", job_.path.native(), size, source.size());
    chain->prepare();
    if (!may_publish()) return false;
    chain->finish();
    return true;
  }

  void spool(std::size_t i) {
    const Place& place = places()[i];
    job_.log.error("{}; it waits in the spool", outcomes_.reason(i));
    const auto open = [&]() -> std::unique_ptr<Sink> {
      auto queue = open_queue(place);
      return queue ? compress(place.compression, job_.workers, std::move(queue)) : nullptr;
    };
    auto only = std::make_unique<Tee>();
    only->add([&] { return outcomes_.noted(i, Outcomes::State::spooled, open); });
    send(std::move(only), [] { return true; });
  }

  // The memory spares work and is asked for nothing else: whatever is wrong with it is no failure.
  void recall() {
    attempt([&] { known_ = delivered_.places(job_.path); });
  }
  void remember() {
    attempt([&] { delivered_.remember(job_.path, outcomes_.remote_places()); });
  }
  void forget() {
    attempt([&] { delivered_.forget(job_.path); });
  }
  template <typename F>
  void attempt(F step) {
    try {
      step();
    } catch (const Error& error) {
      throw_if_signalled();
      job_.log.error("{}", error.what());
    }
  }

  const Job& job_;
  Destinations& destinations_;
  const Delivered delivered_;
  std::set<std::string> known_;  // the places that an earlier call delivered to
  Outcomes outcomes_;
};

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
  const auto name = WalName::parse(path.filename().native());
  if (!name) fail(Exit::failed, "archive {}: not the name of a WAL file", path.native());
  const Job job{path, *name, archiving.cluster, archiving.targets, workers, archiving.log};
  Distribution distribution(job, archiving.destinations);
  if (!distribution.distribute(may_publish)) return false;
  distribution.spool_the_rest();
  return true;
}

}  // namespace pitr
