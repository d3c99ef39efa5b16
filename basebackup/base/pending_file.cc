#include "basebackup/base/pending_file.h"

namespace pitr {

PendingFile::PendingFile(Survivors<SetPlace>& survivors, const std::vector<SetPlace*>& places,
                         const Name& name)
    : survivors_(survivors), name_(name) {
  for (SetPlace* each : places) {
    survivors_.attempt(*each, [&](SetPlace& place) {
      copies_.push_back({&place, place.store->create(name), false});
    });
  }
}

void PendingFile::write(Bytes bytes) {
  for (Copy& copy : copies_) {
    survivors_.attempt(*copy.place, [&](SetPlace&) { copy.file->write(bytes); });
  }
}

void PendingFile::publish() {
  for (Copy& copy : copies_) {
    survivors_.attempt(*copy.place, [&](SetPlace&) {
      copy.file->finish();
      copy.published = true;
    });
  }
}

void PendingFile::retract() noexcept {
  for (Copy& copy : copies_) {
    if (!copy.published || copy.place->complete) continue;
    try {
      copy.place->store->remove(name_);
    } catch (const Error&) {
      // The error that led here is the one to tell.
    }
  }
}

}  // namespace pitr
