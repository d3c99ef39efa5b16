#include "basebackup/data_archive.h"

#include <fcntl.h>

#include <ctime>

#include "common/crc32c.h"
#include "common/uncached_source.h"

namespace pitr {

DataArchive::DataArchive(const Cluster& cluster, SetWriter& set, const std::filesystem::path& temporary_directory)
    : cluster_(cluster),
      set_(set),
      sink_(set.create(SetPart::data)),
      tar_(*sink_),
      manifest_bytes_(temporary_directory),
      manifest_(manifest_bytes_, cluster.major, cluster.control.system_identifier),
      pages_(cluster.control.data_checksum_version != 0) {}

void DataArchive::write_data(const std::function<void(std::size_t)>& each) {
  walk_data_directory(cluster_.data_directory, cluster_.walk, [&](const Entry& entry) {
    each(0);
    store(entry, each);
  });
}

void DataArchive::store(const Entry& entry, const std::function<void(std::size_t)>& each) {
  if (entry.kind != Entry::Kind::file) {
    const TarPosition position = tar_.add(TarMember::of(entry));
    set_.add_member(SetPart::data, entry.tar_path, position, 0);
    return;
  }
  Fd file = open_if_there(entry.source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return;  // dropped since the directory was read; the WAL knows
  const FileSource regular(std::move(file));
  UncachedSource content(regular.fd());
  pages_.begin(entry, regular.fd());
  const StoredMember stored = store_file(tar_, entry, content, [&](Bytes piece) {
    each(piece.size());
    pages_.piece(piece);
  });
  set_.add_member(SetPart::data, entry.tar_path, stored.position, stored.size);
  manifest_.add(entry.path, stored.size, entry.status.st_mtim.tv_sec, stored.crc32c);
}

void DataArchive::store_own(const std::string& path, Bytes content) {
  const TarMember member = cluster_.own_file(path, content.size());
  const TarPosition position = tar_.add(member, content);
  set_.add_member(SetPart::data, member.path, position, content.size());
}

void DataArchive::write_tail(const StopResult& stop, const ControlFile& control, const WalRange& range) {
  const auto store_named = [&](const std::string& path, Bytes content) {
    store_own(path, content);
    manifest_.add(path, content.size(), std::time(nullptr), crc32c(0, content));
  };
  store_named("backup_label", as_bytes(stop.backup_label));
  if (!stop.tablespace_map.empty()) store_named("tablespace_map", as_bytes(stop.tablespace_map));

  // Whoever removes the label "to make it start" must not get a corrupt cluster.
  const auto control_bytes = with_impossible_checkpoint(control);
  const std::string control_path = "global/pg_control";
  manifest_.add(control_path, control_bytes.size(), std::time(nullptr), crc32c(0, control_bytes));
  manifest_.finish(std::span(&range, 1));

  const TarMember member = cluster_.own_file("backup_manifest", manifest_bytes_.size());
  const TarPosition position = tar_.add(member, *manifest_bytes_.reader());
  set_.add_member(SetPart::data, member.path, position, member.size);

  store_own(control_path, control_bytes);
  tar_.finish();
  sink_->finish();
}

}  // namespace pitr
