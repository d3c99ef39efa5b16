#include "basebackup/copying/data_archive.h"

#include <fcntl.h>

#include <ctime>
#include <vector>

#include "common/codec/crc32c.h"
#include "common/os/file_source.h"
#include "common/os/uncached_source.h"

namespace pitr {
namespace {

// Null: it was dropped since the directory was read; the WAL knows.
std::optional<FileSource> open_entry(const Entry& entry) {
  Fd file = open_if_there(entry.source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return std::nullopt;
  return FileSource(std::move(file));
}

void add_own(TarWriter& tar, const Cluster& cluster, const std::string& path, Bytes content) {
  tar.add(cluster.own_file(path, content.size()), content);
}

}  // namespace

DataArchive::DataArchive(const Cluster& cluster, TarWriter& tar,
                         const std::filesystem::path& temporary_directory)
    : cluster_(cluster),
      tar_(tar),
      manifest_bytes_(temporary_directory),
      manifest_(manifest_bytes_, cluster.major, cluster.control.system_identifier),
      pages_(cluster.control) {}

void DataArchive::write_data(const EachPiece& each) {
  walk_data_directory(cluster_.data_directory, cluster_.walk, [&](const Entry& entry) {
    each(0);
    if (entry.kind != Entry::Kind::file) {
      tar_.add(TarMember::of(entry));
      return;
    }
    const auto file = open_entry(entry);
    if (!file) return;
    UncachedSource content(file->fd());
    pages_.begin(entry, file->fd());
    const StoredMember stored = store_file(tar_, entry, content, [&](Bytes piece) {
      each(piece.size());
      pages_.piece(piece);
    });
    manifest_.add(entry.path, stored.size, entry.status.st_mtim.tv_sec, stored.crc32c);
  });
}

void DataArchive::name(const std::string& path, Bytes content) {
  manifest_.add(path, content.size(), std::time(nullptr), crc32c(0, content));
}

void DataArchive::write_tail(const BackupEnd& end) {
  write_label(tar_, cluster_, end.stop);
  name("backup_label", as_bytes(end.stop.backup_label));
  if (!end.stop.tablespace_map.empty()) name("tablespace_map", as_bytes(end.stop.tablespace_map));
  name("global/pg_control", with_impossible_checkpoint(end.control));
  manifest_.finish(std::span(&end.wal, 1));
  tar_.add(cluster_.own_file("backup_manifest", manifest_bytes_.size()), *manifest_bytes_.reader());
}

PageCheck write_links_and_check_pages(const Cluster& cluster, TarWriter& tar, const EachPiece& each) {
  PageCheck pages(cluster.control);
  std::vector<std::byte> buffer(256 * 1024);  // whole pages
  walk_data_directory(cluster.data_directory, cluster.walk, [&](const Entry& entry) {
    each(0);
    if (entry.kind != Entry::Kind::file) {
      tar.add(TarMember::of(entry));
      return;
    }
    const auto file = open_entry(entry);
    if (!file) return;
    UncachedSource content(file->fd());
    pages.begin(entry, file->fd());
    while (const std::size_t n = read_full(content, buffer)) {
      each(n);
      pages.piece(Bytes(buffer).first(n));
    }
  });
  return pages;
}

void write_label(TarWriter& tar, const Cluster& cluster, const StopResult& stop) {
  add_own(tar, cluster, "backup_label", as_bytes(stop.backup_label));
  if (!stop.tablespace_map.empty()) add_own(tar, cluster, "tablespace_map", as_bytes(stop.tablespace_map));
}

void write_control(TarWriter& tar, const Cluster& cluster, const ControlFile& control,
                   const std::string& path) {
  // Whoever removes the label "to make it start" must not get a corrupt cluster.
  add_own(tar, cluster, path, with_impossible_checkpoint(control));
}

}  // namespace pitr
