#include "basebackup/copying/data_archive.h"

#include <fcntl.h>

#include <ctime>
#include <vector>

#include "common/codec/crc32c.h"
#include "common/os/file_source.h"
#include "common/os/uncached_source.h"

namespace pitr {
namespace {

// Whole pages at a time.
void read_pieces(Source& content, const std::function<void(Bytes)>& see) {
  std::vector<std::byte> buffer(256 * 1024);
  while (const std::size_t n = read_full(content, buffer)) see(Bytes(buffer).first(n));
}

}  // namespace

DataArchive::DataArchive(const Cluster& cluster, BackupTar& tar,
                         const std::filesystem::path& temporary_directory, Files files)
    : cluster_(cluster),
      tar_(tar),
      files_(files),
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
    tar_.add(TarMember::of(entry));
    return;
  }
  Fd file = open_if_there(entry.source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return;  // dropped since the directory was read; the WAL knows
  const FileSource regular(std::move(file));
  UncachedSource content(regular.fd());
  pages_.begin(entry, regular.fd());
  const auto see = [&](Bytes piece) {
    each(piece.size());
    pages_.piece(piece);
  };
  if (files_ == Files::judged) return read_pieces(content, see);
  const StoredMember stored = tar_.store(entry, content, see);
  manifest_.add(entry.path, stored.size, entry.status.st_mtim.tv_sec, stored.crc32c);
}

void DataArchive::store_own(const std::string& path, Bytes content) {
  tar_.add(cluster_.own_file(path, content.size()), content);
}

void DataArchive::write_label(const StopResult& stop, const ControlFile& control, const WalRange& range) {
  const auto name = [&](const std::string& path, Bytes content) {
    manifest_.add(path, content.size(), std::time(nullptr), crc32c(0, content));
  };
  const auto store_named = [&](const std::string& path, Bytes content) {
    store_own(path, content);
    name(path, content);
  };
  store_named("backup_label", as_bytes(stop.backup_label));
  if (!stop.tablespace_map.empty()) store_named("tablespace_map", as_bytes(stop.tablespace_map));
  if (files_ == Files::judged) return;
  name("global/pg_control", with_impossible_checkpoint(control));
  manifest_.finish(std::span(&range, 1));
  tar_.add(cluster_.own_file("backup_manifest", manifest_bytes_.size()), *manifest_bytes_.reader());
}

void DataArchive::write_control(const ControlFile& control, const std::string& path) {
  // Whoever removes the label "to make it start" must not get a corrupt cluster.
  store_own(path, with_impossible_checkpoint(control));
}

}  // namespace pitr
