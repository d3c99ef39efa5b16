#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "basebackup/copying/tar_writer.h"

namespace pitr {

// A tar of a backup on its way, and who is told where its members lie.
class BackupTar {
 public:
  using Note = std::function<void(std::string_view path, const TarPosition& position, std::uint64_t size)>;
  explicit BackupTar(std::unique_ptr<Sink> sink, Note note = {});

  void add(const TarMember& member, Bytes content = {});
  void add(const TarMember& member, Source& content);
  // See store_file().
  StoredMember store(const Entry& entry, Source& content, const MemberObserver& observe);
  // Ends the tar and finishes the sink.
  void finish();

  std::uint64_t raw_bytes() const { return tar_.offset(); }

 private:
  std::unique_ptr<Sink> sink_;
  TarWriter tar_;
  Note note_;
};

}  // namespace pitr
