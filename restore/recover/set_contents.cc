#include "restore/recover/set_contents.h"

#include "common/base/text.h"
#include "common/os/text_file.h"
#include "common/set/set_stream.h"
#include "common/store/decompressed_file.h"

namespace pitr {
namespace {

constexpr std::uint64_t largest_config = 16 << 20;

class ContentsReader {
 public:
  ContentsReader(Store& store, const BackupSet& set) : store_(store), set_(set) {}

  SetContents read() {
    read_sealed_meta(store_, set_, [&](const TarEntry& member, Source& content) { take(member, content); });
    if (!set_.data) fail(Exit::damaged, "backup {}: its data file is missing", set_.name);
    if (set_.meta.format == 0) {
      list_bundled_wal();
      return std::move(contents_);
    }
    if (!contents_.has_manifest || contents_.index.empty()) {
      fail(Exit::damaged, "{}: holds no backup_manifest or no index", store_.describe(set_.meta_file));
    }
    check_files();
    if (map_size_ > 0)
      contents_.tablespace_map = read_set_range(store_, *set_.data, contents_.index, map_at_, map_size_);
    for (const auto& [timeline, at] : histories_) {
      contents_.histories[timeline] =
          read_set_range(store_, *set_.xlog, contents_.index, at.first, at.second);
    }
    return std::move(contents_);
  }

 private:
  void take(const TarEntry& member, Source& content) {
    if (member.path == "backup_manifest") {
      contents_.has_manifest = true;
      read_manifest(content, [&](ManifestFile file) {
        contents_.bytes_to_write += file.size;
        contents_.files[file.path] = {file.size, file.algorithm, file.checksum};
      });
    } else if (member.path == "index") {
      contents_.index = read_index(content, [&](const IndexedMember& indexed) { note(indexed); });
    } else if (member.path == "config/NOT-COPIED") {
      contents_.config_not_copied = read_text(content);
    } else if (member.path.starts_with("config/") && member.kind == TarEntry::Kind::file &&
               member.size < largest_config) {
      contents_.config.push_back({member.path.substr(6), read_text(content)});
    }
  }

  void note(const IndexedMember& member) {
    if (contents_.top.empty()) contents_.top = member.path.substr(0, member.path.find('/'));
    if (member.part == SetPart::data && member.path == contents_.top + "/tablespace_map") {
      map_at_ = member.data;
      map_size_ = member.size;
    }
    if (member.part != SetPart::xlog) return;
    const auto wal = wal_of_member(member.path);
    if (!wal) return;
    contents_.wal.push_back(*wal);
    contents_.bytes_to_write += member.size;
    if (wal->kind() == WalKind::history) histories_[wal->timeline()] = {member.data, member.size};
  }

  // A copy that was cut off is found before anything is written.
  void check_files() {
    for (const IndexedFile& file : contents_.index) {
      const auto name = Name::parse(file.name);
      const auto stored = name ? store_.open(*name) : nullptr;
      if (!stored) fail(Exit::damaged, "{}/{}: it is missing", store_.describe(), file.name);
      const auto size = stored->size();
      if (size && *size != file.size) {
        fail(Exit::damaged, "{}: has {} bytes, it was stored with {}", store_.describe(*name), *size,
             file.size);
      }
    }
  }

  void list_bundled_wal() {
    if (!set_.xlog) return;
    const auto source = open_decompressed(store_, *set_.xlog);
    TarReader tar(*source, store_.describe(*set_.xlog));
    for (TarEntry member; tar.next(member);) {
      const auto wal = wal_of_member(member.path);
      if (!wal || member.kind != TarEntry::Kind::file) continue;
      contents_.wal.push_back(*wal);
      if (wal->kind() == WalKind::history) contents_.histories[wal->timeline()] = read_text(tar.content());
      if (wal->kind() == WalKind::backup) contents_.stop = stop_in(read_text(tar.content()));
    }
  }

  // "STOP WAL LOCATION: 0/3000100 (file 000000010000000000000003)"
  static std::optional<Lsn> stop_in(const std::string& backup_history) {
    constexpr std::string_view key = "STOP WAL LOCATION: ";
    const auto at = backup_history.find(key);
    if (at == backup_history.npos) return std::nullopt;
    const auto from = at + key.size();
    return parse_lsn(backup_history.substr(from, backup_history.find_first_of(" \n", from) - from));
  }

  Store& store_;
  const BackupSet& set_;
  SetContents contents_;
  std::uint64_t map_at_ = 0, map_size_ = 0;
  std::map<Timeline, std::pair<std::uint64_t, std::uint64_t>> histories_;
};

}  // namespace

std::vector<std::pair<std::filesystem::path, std::uint64_t>> space_wanted(
    const SetContents& contents, const std::filesystem::path& data_directory,
    const std::vector<Tablespace>& tablespaces) {
  std::vector<std::pair<std::filesystem::path, std::uint64_t>> wanted = {
      {data_directory, contents.bytes_to_write}};
  for (const Tablespace& tablespace : tablespaces) {
    std::uint64_t bytes = 0;
    for (const auto& [path, file] : contents.files) {
      if (path.starts_with("pg_tblspc/" + tablespace.oid + "/")) bytes += file.size;
    }
    wanted.emplace_back(tablespace.target, bytes);
    wanted.front().second -= bytes;
  }
  return wanted;
}

std::optional<WalName> wal_of_member(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return std::nullopt;
  const std::string_view directory = path.substr(0, slash);
  const std::string_view parent = directory.substr(directory.rfind('/') + 1);
  if (parent != "pg_wal" && parent != "pg_xlog") return std::nullopt;
  return WalName::parse(path.substr(slash + 1));
}

SetContents read_contents(Store& store, const BackupSet& set) { return ContentsReader(store, set).read(); }

}  // namespace pitr
