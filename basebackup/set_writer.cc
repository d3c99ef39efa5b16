#include "basebackup/set_writer.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/digest.h"

namespace pitr {
namespace {

// A place that the set goes to.
struct Destination {
  std::unique_ptr<Store> store;
  bool failed = false;
  bool complete = false;  // the set is published here, meta included
};

[[noreturn]] void refuse_existing(const Store& store, const Name& name, bool is_backup) {
  if (!is_backup) {
    fail(Exit::failed,
         "{} exists without its meta file: no backup, a killed run left it (if no other run is at work, remove it)",
         store.describe(name));
  }
  fail(Exit::failed, "{} exists: a backup of this name is there (for several a day: -f with ^H^M^S in it)",
       store.describe(name));
}

}  // namespace

// All destinations of a set. One that fails drops out and is reported; the last one's failure is everybody's.
class Destinations {
 public:
  explicit Destinations(Log& log) : log_(log) {}

  Destination& add(std::unique_ptr<Store> store) {
    return *all_.emplace_back(std::make_unique<Destination>(Destination{std::move(store)}));
  }
  // A destination that could not even be opened.
  void note_failure(const std::string& message) {
    any_failed_ = true;
    log_.error("{}; this destination drops out", message);
  }
  template <typename F>
  void attempt(Destination& destination, F step) {
    if (destination.failed) return;
    try {
      step();
    } catch (const Error& error) {
      throw_if_signalled();
      destination.failed = true;
      if (std::ranges::all_of(all_, [](const auto& each) { return each->failed; })) throw;
      note_failure(error.what());
    }
  }
  bool empty() const { return all_.empty(); }
  bool any_failed() const { return any_failed_; }

 private:
  Log& log_;
  std::vector<std::unique_ptr<Destination>> all_;
  bool any_failed_ = false;
};

namespace {

// One file at all destinations of a branch. Written through, but not finished: that publishes it.
class PendingFile {
 public:
  PendingFile(Destinations& destinations, const std::vector<Destination*>& places, const Name& name)
      : destinations_(destinations), name_(name) {
    for (Destination* place : places) {
      destinations_.attempt(*place, [&] { copies_.push_back({place, place->store->create(name), false}); });
    }
  }
  void write(Bytes bytes) {
    for (Copy& copy : copies_) {
      destinations_.attempt(*copy.place, [&] { copy.file->write(bytes); });
    }
  }
  void publish() {
    for (Copy& copy : copies_) {
      destinations_.attempt(*copy.place, [&] {
        copy.file->finish();
        copy.published = true;
      });
    }
  }
  // Takes back what was published at a place where the set did not become complete; as well as it can.
  void retract() noexcept {
    for (Copy& copy : copies_) {
      if (!copy.published || copy.place->complete) continue;
      try {
        copy.place->store->remove(name_);
      } catch (const Error&) {
        // The error that led here is the one to tell.
      }
    }
  }
  const Name& name() const { return name_; }

 private:
  struct Copy {
    Destination* place;
    std::unique_ptr<Sink> file;
    bool published;
  };
  Destinations& destinations_;
  Name name_;
  std::vector<Copy> copies_;
};

struct NamedDigest {
  std::string algorithm;
  Digest digest;
};

// The stored bytes of one file: counts and digests them on their way into the pending file.
class StoredBytes final : public Sink {
 public:
  struct Result {
    std::uint64_t size;
    std::string sha256;
    std::vector<std::pair<std::string, std::string>> digests;  // algorithm, hex
  };
  using Completed = std::function<void(const Result&)>;

  StoredBytes(PendingFile& file, const std::vector<std::string>& algorithms, Completed completed)
      : file_(file), completed_(std::move(completed)) {
    for (const std::string& algorithm : algorithms) digests_.push_back({algorithm, Digest(algorithm)});
  }
  void write(Bytes bytes) override {
    sha256_.update(bytes);
    for (NamedDigest& row : digests_) row.digest.update(bytes);
    size_ += bytes.size();
    file_.write(bytes);
  }
  void finish() override {
    if (!completed_) return;
    Result result{size_, sha256_.hex(), {}};
    for (NamedDigest& row : digests_) result.digests.emplace_back(row.algorithm, row.digest.hex());
    completed_(result);
  }

 private:
  PendingFile& file_;
  Completed completed_;
  Digest sha256_{"SHA-256"};
  std::vector<NamedDigest> digests_;
  std::uint64_t size_ = 0;
};

}  // namespace

// All the files of the set that are stored with one compression.
class SetBranch {
 public:
  SetBranch(Compression compression, const SetNames& names, const SetOptions& options, Destinations& destinations)
      : compression_(compression),
        names_(names),
        digests_(options.digests),
        destinations_(destinations),
        index_bytes_(options.temporary_directory),
        index_(index_bytes_) {}
  ~SetBranch() {
    // Meta first: what has no meta is no backup.
    for (auto file = pending_.rbegin(); file != pending_.rend(); ++file) (*file)->retract();
  }
  SetBranch(const SetBranch&) = delete;
  SetBranch& operator=(const SetBranch&) = delete;

  const Compression& compression() const { return compression_; }

  void add_place(Destination& place) { places_.push_back(&place); }

  // Throws when `store` holds a file of one of the names that the set may get.
  void require_free(Store& store) const {
    const auto holds = [&](SetPart part) { return store.open(names_.file(part, compression_.codec)) != nullptr; };
    for (const Name& name : file_names()) {
      if (store.open(name)) refuse_existing(store, name, holds(SetPart::meta) || holds(SetPart::waiting));
    }
  }

  // Every name that the set may get.
  std::vector<Name> file_names() const {
    std::vector<Name> names;
    for (const SetPart part : {SetPart::data, SetPart::xlog, SetPart::meta, SetPart::waiting}) {
      names.push_back(names_.file(part, compression_.codec));
    }
    for (const std::string& algorithm : digests_) names.push_back(names_.digest(algorithm, compression_.codec));
    return names;
  }

  std::unique_ptr<Sink> create(SetPart part, std::size_t workers) {
    PendingFile& file = open_pending(names_.file(part, compression_.codec));
    const std::string name = file.name().text();
    auto stored = std::make_unique<StoredBytes>(file, digests_, [this, name](const StoredBytes::Result& result) {
      stored_bytes_ += result.size;
      index_.add(BackupIndexWriter::File{name, compression_.codec, result.size, result.sha256});
      for (const auto& [algorithm, hex] : result.digests) digest_texts_[algorithm] += hex + " *" + name + "\n";
    });
    return compress(compression_, workers, std::move(stored),
                    [this, name](const StoredBlock& block) { index_.add(name, block); });
  }

  void add_member(const BackupIndexWriter::Member& member) { index_.add(member); }

  void publish_files() {
    for (const auto& [algorithm, text] : digest_texts_) {
      open_pending(names_.digest(algorithm, compression_.codec)).write(as_bytes(text));
    }
    for (const auto& file : pending_) file->publish();
    index_.finish();
  }

  void publish_meta(const SetWriter::WriteMeta& write_meta) {
    PendingFile& file = open_pending(names_.file(SetPart::meta, compression_.codec));
    const auto sink = compress(compression_, 1, std::make_unique<StoredBytes>(file, std::vector<std::string>{}, nullptr));
    TarWriter tar(*sink);
    write_meta(tar, stored_bytes_, index_bytes_);
    tar.finish();
    sink->finish();
    file.publish();
    for (Destination* place : places_) place->complete = !place->failed;
  }

 private:
  PendingFile& open_pending(const Name& name) {
    return *pending_.emplace_back(std::make_unique<PendingFile>(destinations_, places_, name));
  }

  Compression compression_;
  SetNames names_;
  std::vector<std::string> digests_;
  Destinations& destinations_;
  std::vector<Destination*> places_;
  std::vector<std::unique_ptr<PendingFile>> pending_;
  SpoolFile index_bytes_;
  BackupIndexWriter index_;
  std::map<std::string, std::string> digest_texts_;  // by algorithm
  std::uint64_t stored_bytes_ = 0;
};

SetWriter::SetWriter(const SetOptions& options, const SetNames& names, Log& log)
    : destinations_(std::make_unique<Destinations>(log)), workers_(options.workers) {
  std::set<std::string> places;
  std::string failures;
  for (const Place& place : options.destinations) {
    // "/backup/base/" and "/backup/base" are one place.
    if (!places.insert((std::filesystem::path(place.place) / "").lexically_normal().native()).second) {
      fail(Exit::usage, "{}: given twice; one directory takes one codec", place.place);
    }
    std::unique_ptr<Store> store;
    try {
      store = open_store(place.place, options.openness);
    } catch (const Error& error) {
      if (error.code() == Exit::usage) throw;
      throw_if_signalled();
      destinations_->note_failure(error.what());
      continue;
    }
    SetBranch& branch = branch_for(place.compression, options, names);
    branch.require_free(*store);
    store->remove_litter();
    branch.add_place(destinations_->add(std::move(store)));
  }
  if (destinations_->empty()) fail(Exit::failed, "no destination can be reached");
}

SetWriter::~SetWriter() = default;

SetBranch& SetWriter::branch_for(Compression compression, const SetOptions& options, const SetNames& names) {
  for (const auto& branch : branches_) {
    const Compression& known = branch->compression();
    if (known.codec == compression.codec && known.level == compression.level) return *branch;
  }
  return *branches_.emplace_back(std::make_unique<SetBranch>(compression, names, options, *destinations_));
}

std::unique_ptr<Sink> SetWriter::create(SetPart part) {
  if (branches_.size() == 1) return branches_.front()->create(part, workers_);
  auto tee = std::make_unique<Tee>();
  for (const auto& branch : branches_) tee->add([&] { return branch->create(part, workers_); });
  return tee;
}

void SetWriter::add_member(SetPart part, std::string_view path, const TarPosition& position, std::uint64_t size) {
  for (const auto& branch : branches_) branch->add_member({part, path, position.header, position.data, size});
}

bool SetWriter::publish(const WriteMeta& write_meta) {
  for (const auto& branch : branches_) branch->publish_files();
  // The meta file goes last: its presence is what makes the files a backup.
  for (const auto& branch : branches_) branch->publish_meta(write_meta);
  return !destinations_->any_failed();
}

}  // namespace pitr
