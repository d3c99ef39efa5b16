#include "common/wal/put_wal.h"

#include "common/wal/marker.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

class PutWal final : public Sink {
 public:
  PutWal(std::shared_ptr<Store> store, Codec codec, OriginalWal original)
      : store_(std::move(store)),
        original_(std::move(original)),
        file_(store_->create(Name(original_.name, suffix(codec)))) {}

  void write(Bytes bytes) override { file_->write(bytes); }
  void prepare() override { file_->prepare(); }

  void finish() override {
    // A new name conflicts with the same name only. What another archiver gives at this moment under another
    // suffix is seen by this second look, and only where both ask for the lock.
    const Fd alone = store_->lock(marker());
    if (alone && has_wal(*store_, original_)) return;
    try {
      file_->finish();
    } catch (const AtomicFile::Conflict&) {
      if (!has_wal(*store_, original_)) throw;
    }
  }

 private:
  const std::shared_ptr<Store> store_;
  const OriginalWal original_;
  const std::unique_ptr<Sink> file_;
};

}  // namespace

bool has_wal(Store& store, const OriginalWal& original, Content content) {
  bool found = false;
  for (StoredWal& stored : find_wal(store, original.name)) {
    const Name name = stored.name;
    if (content == Content::compared && !same_content(store, std::move(stored), *original.open())) {
      fail(Exit::failed, "{} exists with other content than {} and is left alone", store.describe(name),
           original.described);
    }
    store.sync(name);
    found = true;
  }
  return found;
}

std::unique_ptr<Sink> put_wal(std::shared_ptr<Store> store, Codec codec, OriginalWal original,
                              Content content) {
  if (has_wal(*store, original, content)) return nullptr;
  return std::make_unique<PutWal>(std::move(store), codec, std::move(original));
}

}  // namespace pitr
