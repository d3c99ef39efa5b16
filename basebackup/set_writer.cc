#include "basebackup/set_writer.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/digest.h"

namespace pitr {
namespace {

// One file at all destinations of a branch. Written through, but not finished: that publishes it.
class PendingFile {
 public:
  PendingFile(const std::vector<std::unique_ptr<Store>>& stores, const Name& name) : stores_(stores), name_(name) {
    for (const auto& store : stores) files_.push_back(store->create(name));
  }
  void write(Bytes bytes) {
    for (const auto& file : files_) file->write(bytes);
  }
  void publish() {
    for (; published_ < files_.size(); ++published_) files_[published_]->finish();
  }
  // Takes back what was published; as well as it can.
  void retract() noexcept {
    for (; published_ > 0; --published_) {
      try {
        stores_[published_ - 1]->remove(name_);
      } catch (const Error&) {
        // The error that led here is the one to tell.
      }
    }
  }
  const Name& name() const { return name_; }

 private:
  const std::vector<std::unique_ptr<Store>>& stores_;
  Name name_;
  std::vector<std::unique_ptr<Sink>> files_;
  std::size_t published_ = 0;
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

[[noreturn]] void refuse_existing(const Store& store, const Name& name) {
  fail(Exit::failed, "{} exists: a backup of this name is there (for several a day: -f with ^H^M^S in it)",
       store.describe(name));
}

}  // namespace

class SetBranch {
 public:
  SetBranch(Compression compression, const SetNames& names, const SetOptions& options)
      : compression_(compression),
        names_(names),
        digests_(options.digests),
        index_bytes_(options.temporary_directory),
        index_(index_bytes_) {}

  ~SetBranch() {
    if (is_backup_) return;
    // Meta first: what has no meta is no backup.
    for (auto file = pending_.rbegin(); file != pending_.rend(); ++file) (*file)->retract();
  }
  SetBranch(const SetBranch&) = delete;
  SetBranch& operator=(const SetBranch&) = delete;

  void add_store(std::unique_ptr<Store> store) {
    std::vector<Name> names;
    for (const SetPart part : {SetPart::data, SetPart::xlog, SetPart::meta, SetPart::waiting}) {
      names.push_back(names_.file(part, compression_.codec));
    }
    for (const std::string& algorithm : digests_) names.push_back(names_.digest(algorithm, compression_.codec));
    for (const Name& name : names) {
      if (store->open(name)) refuse_existing(*store, name);
    }
    store->remove_litter();
    stores_.push_back(std::move(store));
  }

  const Compression& compression() const { return compression_; }

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
    // Not kept for later: when finish() returns the set is a backup here.
    struct Published final : Sink {
      explicit Published(PendingFile& pending) : file(pending) {}
      void write(Bytes bytes) override { file.write(bytes); }
      void finish() override { file.publish(); }
      PendingFile& file;
    };
    PendingFile& file = open_pending(names_.file(SetPart::meta, compression_.codec));
    const auto sink = compress(compression_, 1, std::make_unique<Published>(file));
    TarWriter tar(*sink);
    write_meta(tar, stored_bytes_, index_bytes_);
    tar.finish();
    sink->finish();
    is_backup_ = true;
  }

 private:
  PendingFile& open_pending(const Name& name) {
    return *pending_.emplace_back(std::make_unique<PendingFile>(stores_, name));
  }

  Compression compression_;
  SetNames names_;
  std::vector<std::string> digests_;
  std::vector<std::unique_ptr<Store>> stores_;
  std::vector<std::unique_ptr<PendingFile>> pending_;
  SpoolFile index_bytes_;
  BackupIndexWriter index_;
  std::map<std::string, std::string> digest_texts_;  // by algorithm
  std::uint64_t stored_bytes_ = 0;
  bool is_backup_ = false;  // everything, meta included, is published at all stores
};

SetWriter::SetWriter(const SetOptions& options, const SetNames& names) : workers_(options.workers) {
  std::set<std::string> places;
  for (const Place& place : options.destinations) {
    auto store = open_store(place.place, options.openness);
    // "/backup/base/" and "/backup/base" are one place.
    if (!places.insert((std::filesystem::path(place.place) / "").lexically_normal().native()).second) {
      fail(Exit::usage, "{}: given twice; one directory takes one codec", place.place);
    }
    auto branch = std::ranges::find_if(branches_, [&](const auto& known) {
      return known->compression().codec == place.compression.codec &&
             known->compression().level == place.compression.level;
    });
    if (branch == branches_.end()) {
      branches_.push_back(std::make_unique<SetBranch>(place.compression, names, options));
      branch = branches_.end() - 1;
    }
    (*branch)->add_store(std::move(store));
  }
}

SetWriter::~SetWriter() = default;

std::unique_ptr<Sink> SetWriter::create(SetPart part) {
  if (branches_.size() == 1) return branches_.front()->create(part, workers_);
  auto tee = std::make_unique<Tee>();
  for (const auto& branch : branches_) tee->add([&] { return branch->create(part, workers_); });
  return tee;
}

void SetWriter::add_member(SetPart part, std::string_view path, const TarPosition& position, std::uint64_t size) {
  for (const auto& branch : branches_) branch->add_member({part, path, position.header, position.data, size});
}

void SetWriter::publish(const WriteMeta& write_meta) {
  for (const auto& branch : branches_) branch->publish_files();
  // The meta file goes last: its presence is what makes the files a backup.
  for (const auto& branch : branches_) branch->publish_meta(write_meta);
}

}  // namespace pitr
