#include "archive/delivery.h"

#include "common/os/file_source.h"

namespace pitr {
namespace {

class Delivery final : public Sink {
 public:
  Delivery(std::shared_ptr<Store> store, const Name& name, const Job& job)
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
  std::shared_ptr<Store> store_;
  const Job& job_;
  std::unique_ptr<Sink> file_;
};

}  // namespace

WalExpectation expectation(const Job& job) {
  WalExpectation expected{job.name, {}, job.targets.check_header, {}};
  if (job.cluster.identity) expected.system_identifier = job.cluster.identity->system_identifier;
  expected.inspect = [&job](const WalPageHeader& header) {
    const std::string_view major = major_of_wal_magic(header.magic);
    if (major.empty()) {
      job.log.error(
          "WAL segment {}: magic {:04X} is of no known PostgreSQL; archived, because the rest is right",
          job.name.text(), header.magic);
    } else if (!job.cluster.major.empty() && major != job.cluster.major) {
      fail(Exit::damaged, "WAL segment {}: written by PostgreSQL {}, the data directory is of {}",
           job.name.text(), major, job.cluster.major);
    }
  };
  return expected;
}

Present look_for(Store& store, const Job& job, Content content) {
  Present present = Present::no;
  for (StoredWal& stored : find_wal(store, job.name)) {
    const Name name = stored.name;
    FileSource original = open_regular(job.path);
    if (content == Content::compared && !same_content(store, std::move(stored), original)) {
      fail(Exit::failed, "{} exists with other content than {} and is left alone", store.describe(name),
           job.path.native());
    }
    store.sync(name);
    present = Present::identical;
  }
  return present;
}

std::unique_ptr<Sink> deliver_to(std::shared_ptr<Store> store, Codec codec, const Job& job, Content content) {
  if (look_for(*store, job, content) == Present::identical) return nullptr;
  return std::make_unique<Delivery>(std::move(store), Name(job.name, suffix(codec)), job);
}

}  // namespace pitr
