#include "basebackup/base/set_writer.h"

#include <algorithm>
#include <optional>
#include <set>

#include "basebackup/base/set_remains.h"
#include "common/codec/digest.h"
#include "common/codec/seal.h"

namespace pitr {
namespace {

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
  SetBranch(Compression compression, const SetNames& names, const SetOptions& options,
            Survivors<SetPlace>& survivors)
      : compression_(compression),
        names_(names),
        digests_(options.digests),
        survivors_(survivors),
        index_bytes_(options.temporary_directory) {
    if (options.begun == nullptr) {
      index_.emplace(index_bytes_);
    } else {
      copy(*options.begun->index.reader(), index_bytes_);
      index_.emplace(index_bytes_, BackupIndexWriter::Begin::continued);
      digest_texts_ = options.begun->digests;
      stored_bytes_ = options.begun->stored_bytes;
    }
  }
  ~SetBranch() {
    // Meta first: what has no meta is no backup.
    for (auto file = pending_.rbegin(); file != pending_.rend(); ++file) (*file)->retract();
  }
  SetBranch(const SetBranch&) = delete;
  SetBranch& operator=(const SetBranch&) = delete;

  const Compression& compression() const { return compression_; }

  void add_place(SetPlace& place) { places_.push_back(&place); }

  // Throws when `store` holds a set of our names, or one is just being published there.
  void require_free_names(Store& store, bool data_is_ours, Log& log) const {
    const auto file = [&](SetPart part) { return names_.file(part, compression_.codec); };
    std::vector<Name> whole = {file(SetPart::meta)};
    std::vector<SetNames::Part> parts = names_.parts(compression_.codec, digests_);
    if (data_is_ours) {
      parts.erase(parts.begin());
    } else {
      whole.push_back(file(SetPart::waiting));
    }
    pitr::require_free_names(store, whole, parts, log);
  }

  std::unique_ptr<Sink> create(SetPart part, std::size_t workers) {
    index_->flush();
    index_before_last_ = index_bytes_.size();
    PendingFile& file = open_pending(names_.file(part, compression_.codec));
    const std::string name = file.name().text();
    auto stored =
        std::make_unique<StoredBytes>(file, digests_, [this, name](const StoredBytes::Result& result) {
          stored_bytes_ += result.size;
          index_->add(BackupIndexWriter::File{name, compression_.codec, result.size, result.sha256});
          for (const auto& [algorithm, hex] : result.digests)
            digest_texts_[algorithm] += hex + " *" + name + "\n";
        });
    return compress(compression_, workers, std::move(stored),
                    [this, name](const StoredBlock& block) { index_->add(name, block); });
  }

  void add_member(const BackupIndexWriter::Member& member) { index_->add(member); }

  // Drops the file that was created last, when it is this one: creating it may have failed before it was
  // there.
  void abandon(SetPart part) {
    if (pending_.empty() || pending_.back()->name() != names_.file(part, compression_.codec)) return;
    pending_.pop_back();
    index_->flush();
    index_bytes_.truncate(index_before_last_);
  }

  void publish_digests() {
    for (const auto& [algorithm, text] : digest_texts_) {
      open_pending(names_.digest(algorithm, compression_.codec)).write(as_bytes(text));
    }
  }

  void publish_files() {
    for (const auto& file : pending_) file->publish();
    index_->flush();
  }

  void publish_meta(SetPart part, const SetWriter::WriteMeta& write_meta) {
    PendingFile& file = open_pending(names_.file(part, compression_.codec));
    auto stored = std::make_unique<StoredBytes>(file, std::vector<std::string>{}, nullptr);
    TarWriter tar(compress(compression_, 1, sealed(compression_.codec, std::move(stored))));
    write_meta(tar, {stored_bytes_, index_bytes_, digest_texts_});
    tar.finish();
    file.publish();
    for (SetPlace* place : places_) survivors_.attempt(*place, [](SetPlace& one) { one.complete = true; });
  }

 private:
  PendingFile& open_pending(const Name& name) {
    return *pending_.emplace_back(std::make_unique<PendingFile>(survivors_, places_, name));
  }

  Compression compression_;
  SetNames names_;
  std::vector<std::string> digests_;
  Survivors<SetPlace>& survivors_;
  std::vector<SetPlace*> places_;
  std::vector<std::unique_ptr<PendingFile>> pending_;
  SpoolFile index_bytes_;
  std::optional<BackupIndexWriter> index_;
  std::uint64_t index_before_last_ = 0;              // its size when the last file was created
  std::map<std::string, std::string> digest_texts_;  // by algorithm
  std::uint64_t stored_bytes_ = 0;
};

SetWriter::SetWriter(const SetOptions& options, const SetNames& names, Log& log)
    : places_([&log](const Error& error, const SetPlace*) {
        log.error("{}; this destination drops out", error.what());
      }),
      workers_(options.workers) {
  std::set<std::string> known;
  for (const Place& place : options.destinations) {
    // "/backup/base/" and "/backup/base" are one place.
    if (!known.insert((std::filesystem::path(place.place) / "").lexically_normal().native()).second) {
      fail(Exit::usage, "{}: given twice; one directory takes one codec", place.place);
    }
    std::unique_ptr<Store> store;
    try {
      store = open_store(place, options.openness);
    } catch (const Error& error) {
      if (error.code() == Exit::usage) throw;
      places_.note_failure(error);
      continue;
    }
    SetBranch& branch = branch_for(place.compression, options, names);
    branch.require_free_names(*store, options.begun != nullptr, log);
    store->remove_litter();
    if (const std::string caveat = store->caveat(); !caveat.empty()) log.detail("{}", caveat);
    branch.add_place(places_.add(std::make_unique<SetPlace>(SetPlace{place, std::move(store)})));
  }
  if (!any_left()) fail(Exit::failed, "no destination can be reached");
}

SetWriter::~SetWriter() = default;

SetBranch& SetWriter::branch_for(Compression compression, const SetOptions& options, const SetNames& names) {
  for (const auto& branch : branches_) {
    const Compression& known = branch->compression();
    if (known.codec == compression.codec && known.level == compression.level) return *branch;
  }
  return *branches_.emplace_back(std::make_unique<SetBranch>(compression, names, options, places_));
}

std::unique_ptr<Sink> SetWriter::create_sink(SetPart part) {
  if (branches_.size() == 1) return branches_.front()->create(part, workers_);
  auto tee = std::make_unique<Tee>();
  for (const auto& branch : branches_) tee->add([&] { return branch->create(part, workers_); });
  return tee;
}

std::unique_ptr<TarWriter> SetWriter::create(SetPart part) {
  const auto note = [this, part](std::string_view path, const TarPosition& position, std::uint64_t size) {
    for (const auto& branch : branches_)
      branch->add_member({part, path, position.header, position.data, size});
  };
  return std::make_unique<TarWriter>(create_sink(part), note);
}

void SetWriter::abandon(SetPart part) {
  for (const auto& branch : branches_) branch->abandon(part);
}

bool SetWriter::any_left() const { return places_.any_left(); }

std::vector<Place> SetWriter::complete_places() const {
  std::vector<Place> complete;
  for (const SetPlace* each : places_.left()) {
    if (each->complete) complete.push_back(each->place);
  }
  return complete;
}

bool SetWriter::publish(const WriteMeta& write_meta) {
  for (const auto& branch : branches_) branch->publish_digests();
  for (const auto& branch : branches_) branch->publish_files();
  // The meta file goes last: its presence is what makes the files a backup.
  for (const auto& branch : branches_) branch->publish_meta(SetPart::meta, write_meta);
  return !places_.any_failed();
}

bool SetWriter::publish_waiting(const WriteMeta& write_meta) {
  for (const auto& branch : branches_) branch->publish_files();
  for (const auto& branch : branches_) branch->publish_meta(SetPart::waiting, write_meta);
  return !places_.any_failed();
}

}  // namespace pitr
