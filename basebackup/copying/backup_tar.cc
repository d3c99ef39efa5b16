#include "basebackup/copying/backup_tar.h"

namespace pitr {

BackupTar::BackupTar(std::unique_ptr<Sink> sink, Note note)
    : sink_(std::move(sink)), tar_(*sink_), note_(std::move(note)) {}

void BackupTar::add(const TarMember& member, Bytes content) {
  const TarPosition position = tar_.add(member, content);
  if (note_) note_(member.path, position, content.size());
}

void BackupTar::add(const TarMember& member, Source& content) {
  const TarPosition position = tar_.add(member, content);
  if (note_) note_(member.path, position, member.size);
}

StoredMember BackupTar::store(const Entry& entry, Source& content, const MemberObserver& observe) {
  const StoredMember stored = store_file(tar_, entry, content, observe);
  if (note_) note_(entry.tar_path, stored.position, stored.size);
  return stored;
}

void BackupTar::finish() {
  tar_.finish();
  sink_->finish();
}

}  // namespace pitr
