#include "restore/recover/unpack.h"

#include <algorithm>
#include <cstring>

#include "common/os/signals.h"
#include "common/postgres/wal_check.h"
#include "restore/recover/file_checksum.h"
#include "restore/recover/free_place.h"

namespace pitr {
namespace {

constexpr std::string_view control_path = "global/pg_control";
constexpr std::uint64_t largest_held = 16 << 20;

// OmniPITR stores what a copy must not obey or would be harmed by.
constexpr std::string_view left_out[] = {"postmaster.pid",  "postmaster.opts", "recovery.conf",
                                         "recovery.done",   "recovery.signal", "standby.signal",
                                         "backup_label.old"};

std::string join(const std::vector<std::string>& components, std::size_t from) {
  std::string path;
  for (std::size_t i = from; i < components.size(); ++i) path += (path.empty() ? "" : "/") + components[i];
  return path;
}

// What lands in a file of a tree.
class FileSink final : public Sink {
 public:
  explicit FileSink(Fd file) : file_(std::move(file)) {}
  void write(Bytes bytes) override { write_all(file_, bytes); }
  void finish() override {}

 private:
  Fd file_;
};

bool is_below(const std::vector<std::string>& components, const std::vector<std::string>& directory) {
  return components.size() >= directory.size() &&
         std::equal(directory.begin(), directory.end(), components.begin());
}

}  // namespace

Unpacker::Unpacker(const Places& places, SetContents& contents, bool is_ours,
                   std::function<void(std::size_t)> each)
    : places_(places),
      contents_(contents),
      is_ours_(is_ours),
      each_(std::move(each)),
      data_(places.data_directory, places.openness),
      top_(contents.top),
      buffer_(1 << 20),
      writer_(places.workers) {
  for (const Tablespace& tablespace : places.tablespaces) {
    trees_.push_back(std::make_unique<Tree>(tablespace.target, places.openness));
  }
  const std::filesystem::path wal = places.data_directory / "pg_wal";
  if (std::filesystem::is_symlink(wal)) wal_.emplace(std::filesystem::canonical(wal), places.openness);
  // An empty directory that was there may be open to everybody: no server starts in one.
  open_to(places.openness);
}

void Unpacker::open_to(Openness openness) {
  places_.openness = openness;
  data_.open_to(openness);
  for (const auto& tree : trees_) tree->open_to(openness);
  if (wal_) wal_->open_to(openness);
}

// Where a path of the data directory is written; it is relative to that then.
Tree& Unpacker::tree_of(std::string& path) {
  const std::string_view directory = "pg_wal";
  const bool is_wal = path == directory || path.starts_with("pg_wal/");
  if (!wal_ || !is_wal) return data_;
  path.erase(0, std::min(path.size(), directory.size() + 1));
  return *wal_;
}

void Unpacker::unpack_data(Source& from, const std::string& called) {
  TarReader tar(from, called);
  for (TarEntry entry; tar.next(entry);) {
    throw_if_signalled();
    in_context(called + ": " + entry.path, [&] { take_data(entry, tar.content()); });
  }
  writer_.finish();
}

void Unpacker::take_data(const TarEntry& entry, Source& content) {
  if (entry.kind == TarEntry::Kind::hardlink)
    fail(Exit::damaged, "a hard link to {}, which no backup has", entry.target);
  if (entry.kind == TarEntry::Kind::other) fail(Exit::damaged, "a device or FIFO, which no backup has");
  const auto components = checked_components(entry.path);
  if (components.empty()) return;
  if (components[0] == "tablespaces") return take_tablespace_member(entry, components, content);
  if (top_.empty()) top_ = components[0];
  if (components[0] != top_) fail(Exit::damaged, "it lies neither in {}/ nor in tablespaces/", top_);
  const std::string path = join(components, 1);
  if (is_left_out(path)) return;
  std::string place = path;
  Tree& tree = tree_of(place);
  if (entry.kind == TarEntry::Kind::symlink) return take_link(path, entry);
  if (entry.kind == TarEntry::Kind::directory) {
    // The group may read the copy when it could read the original.
    if (path.empty() && (entry.mode & S_IRGRP) != 0) open_to({0640, 0750});
    return tree.make_directory(place);
  }
  if (path == control_path || path == "tablespace_map") {
    const std::string text = hold(path, content);
    if (path == control_path) control_bytes_ = text;
    if (path == "tablespace_map" && places_.tablespaces.empty()) {
      for (const Tablespace& tablespace : parse_tablespace_map(text, places_.mapping))
        add_tablespace(tablespace);
    }
    return;
  }
  if (path == "backup_label") has_label_ = true;
  take_file(tree, place, path, content);
}

// The links of tablespaces are made by us, to where they go.
void Unpacker::take_link(const std::string& path, const TarEntry& entry) {
  const std::string_view directory = "pg_tblspc/";
  const std::string oid = path.starts_with(directory) ? path.substr(directory.size()) : "";
  if (!oid.empty() && oid.find_first_not_of("0123456789") == oid.npos) {
    const auto known = std::ranges::find(places_.tablespaces, oid, &Tablespace::oid);
    if (known != places_.tablespaces.end()) return;
    if (is_ours_ || !entry.target.starts_with('/')) {
      fail(Exit::damaged, "a link to {}, which is no tablespace of tablespace_map", entry.target);
    }
    return add_tablespace(places_.mapping.place(oid, entry.target));
  }
  const bool is_directory_elsewhere =
      path == "pg_wal" || path == "log" || path == "pg_log" || path == "pg_stat_tmp";
  if (is_ours_ || !is_directory_elsewhere)
    fail(Exit::damaged, "a link to {}: it is not followed", entry.target);
  data_.make_directory(path);
}

void Unpacker::add_tablespace(const Tablespace& tablespace) {
  if (std::ranges::find(places_.tablespaces, tablespace.oid, &Tablespace::oid) != places_.tablespaces.end())
    return;
  require_free_directory(tablespace.target);
  create_directories(tablespace.target, places_.openness.directory);
  trees_.push_back(std::make_unique<Tree>(tablespace.target, places_.openness));
  places_.tablespaces.push_back(tablespace);
}

void Unpacker::take_tablespace_member(const TarEntry& entry, const std::vector<std::string>& components,
                                      Source& content) {
  for (std::size_t i = 0; i < places_.tablespaces.size(); ++i) {
    const Tablespace& tablespace = places_.tablespaces[i];
    std::vector<std::string> directory = checked_components(std::string_view(tablespace.original).substr(1));
    directory.insert(directory.begin(), "tablespaces");
    if (!is_below(components, directory)) continue;
    const std::string path = join(components, directory.size());
    if (entry.kind == TarEntry::Kind::symlink)
      fail(Exit::damaged, "a link to {}: it is not followed", entry.target);
    if (entry.kind == TarEntry::Kind::directory) return trees_[i]->make_directory(path);
    return take_file(*trees_[i], path, "pg_tblspc/" + tablespace.oid + "/" + path, content);
  }
  // The directories on the way to the tablespaces.
  if (entry.kind != TarEntry::Kind::directory) fail(Exit::damaged, "it lies in no tablespace of the backup");
}

bool Unpacker::is_left_out(const std::string& path) const {
  if (is_ours_) return false;
  if (path.starts_with("pg_replslot/") || path.starts_with("pg_wal/archive_status/")) return true;
  return std::ranges::find(left_out, path) != std::end(left_out);
}

void Unpacker::take_file(Tree& tree, const std::string& path, const std::string& manifest_path,
                         Source& content) {
  const auto found = contents_.files.find(manifest_path);
  const ExpectedFile* expected = found == contents_.files.end() ? nullptr : &found->second;
  if (contents_.has_manifest && expected == nullptr && manifest_path != "backup_manifest") {
    fail(Exit::damaged, "it is not in the manifest");
  }
  if (expected != nullptr && expected->is_there) return;  // kept, or it came twice: the first was right
  FileChecksum checksum(expected == nullptr ? "NONE" : expected->algorithm);
  const auto file = std::make_shared<const Fd>(tree.create(path));
  std::uint64_t size = 0;
  for (;;) {
    FileWriter::Buffer buffer = writer_.buffer();
    const std::size_t n = read_full(content, std::span(buffer.get(), FileWriter::piece_size));
    if (n == 0) break;
    // Refused before it fills the disk.
    if (expected != nullptr && size + n > expected->size)
      fail(Exit::damaged, "it is longer than the {} bytes that the manifest says", expected->size);
    checksum.update(Bytes(buffer.get(), n));
    writer_.write(file, std::move(buffer), n, size);
    size += n;
    each_(n);
  }
  check(manifest_path, size, checksum.hex());
}

// A small file that is not written as it is, or not yet.
std::string Unpacker::hold(const std::string& manifest_path, Source& content) {
  std::string text;
  while (true) {
    const std::size_t n = read_full(content, buffer_);
    if (n == 0) break;
    text.append(reinterpret_cast<const char*>(buffer_.data()), n);
    if (text.size() > largest_held) fail(Exit::damaged, "it is larger than any such file");
  }
  const auto found = contents_.files.find(manifest_path);
  FileChecksum checksum(found == contents_.files.end() ? "NONE" : found->second.algorithm);
  checksum.update(as_bytes(text));
  check(manifest_path, text.size(), checksum.hex());
  return text;
}

void Unpacker::check(const std::string& path, std::uint64_t size, const std::string& checksum) {
  const auto found = contents_.files.find(path);
  if (found == contents_.files.end()) return;
  if (size != found->second.size) {
    fail(Exit::damaged, "it has {} bytes, the manifest says {}", size, found->second.size);
  }
  if (checksum != found->second.checksum) fail(Exit::damaged, "its checksum is not that of the manifest");
  found->second.is_there = true;
}

void Unpacker::unpack_wal(Source& from, const std::string& called,
                          std::optional<std::uint64_t> system_identifier) {
  TarReader tar(from, called);
  for (TarEntry entry; tar.next(entry);) {
    throw_if_signalled();
    if (entry.kind == TarEntry::Kind::directory) continue;
    in_context(called + ": " + entry.path, [&] {
      checked_components(entry.path);
      const auto wal = wal_of_member(entry.path);
      if (!wal || entry.kind != TarEntry::Kind::file) {
        if (!is_ours_ && entry.path.find("archive_status") != std::string::npos) return;
        fail(Exit::damaged, "it is no WAL file");
      }
      std::string path = "pg_wal/" + wal->text();
      Tree& tree = tree_of(path);
      tree.remove(path);
      const auto chain =
          check_wal({*wal, system_identifier, true, {}}, std::make_unique<FileSink>(tree.create(path)));
      each_(copy(tar.content(), *chain));
      chain->finish();
    });
  }
}

ControlFile Unpacker::check_complete() {
  for (const auto& [path, file] : contents_.files) {
    if (!file.is_there) fail(Exit::damaged, "the backup does not hold {}, which is in its manifest", path);
  }
  if (!has_label_ && !contents_.has_manifest) {
    fail(Exit::damaged, "the backup holds no backup_label: it was copied without telling the server");
  }
  std::array<std::byte, 8192> bytes{};
  if (control_bytes_.size() != bytes.size())
    fail(Exit::damaged, "the backup holds no global/pg_control of 8192 bytes");
  std::memcpy(bytes.data(), control_bytes_.data(), bytes.size());
  control_ = parse_control_file(bytes);
  if (!control_) fail(Exit::damaged, "pg_control of the backup: damaged, or of no PostgreSQL from 13 to 18");
  return *control_;
}

void Unpacker::finish() {
  for (std::string directory : {"pg_wal/archive_status", "pg_replslot", "pg_tblspc"}) {
    Tree& tree = tree_of(directory);
    tree.make_directory(directory);
  }
  if (!places_.tablespaces.empty()) {
    const std::string map = format_tablespace_map(places_.tablespaces);
    data_.remove("tablespace_map");
    write_all(data_.create("tablespace_map"), as_bytes(map));
  }
  for (const Tablespace& tablespace : places_.tablespaces) {
    data_.remove("pg_tblspc/" + tablespace.oid);
    data_.make_link("pg_tblspc/" + tablespace.oid, tablespace.target.native());
  }
  for (const auto& tree : trees_) tree->sync();
  if (wal_) wal_->sync();
  data_.sync();
  // Everything is durable: from here on the directory may start.
  data_.remove(control_path);
  write_all(data_.create(control_path), as_bytes(control_bytes_));
  data_.sync();
}

}  // namespace pitr
