#include "archive/staging_copy.h"

#include "common/wal/staging.h"

namespace pitr {
namespace {

class StagingCopy final : public Sink {
 public:
  StagingCopy(const Place& place, const Job& job) : path_(place.place), job_(job) {
    attempt([&] {
      copy_ = put_wal(open_directory(path_, job.archiving.cluster.openness), place.compression.codec,
                      original(job));
      if (copy_) copy_ = compress(place.compression, job.workers, std::move(copy_));
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
      // Nothing is wrong with the staging: the server will ask again.
      job_.archiving.log.error("staging of {}: {}; the backup will look elsewhere", job_.name.text(),
                               error.what());
      tell_backup();
    }
  }

  void tell_backup() {
    try {
      mark_staging_incomplete(path_);
    } catch (const Error& error) {
      job_.archiving.log.error("{}; the backup will wait for {} in vain", error.what(), job_.name.text());
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
    log.error("look for a running backup: {}", error.what());
    return false;
  }
}

}  // namespace

std::unique_ptr<Sink> copy_for_backup(const Job& job) {
  if (!backup_is_running(job.archiving.targets, job.archiving.log)) return nullptr;
  return std::make_unique<StagingCopy>(*job.archiving.targets.staging, job);
}

}  // namespace pitr
