#include "monitor/verify/data_check.h"

#include <algorithm>
#include <filesystem>

#include "common/codec/crc32c.h"
#include "common/codec/digest.h"
#include "common/postgres/backup_label.h"
#include "common/postgres/control_file.h"

namespace pitr {
namespace {

constexpr std::size_t piece_size = 32 * page_size;

}  // namespace

DataCheck::DataCheck(const StoredTar& tar, const BackupSet& set, const SetContent* content,
                     Findings& findings)
    : tar_(tar),
      set_(set),
      content_(content),
      findings_(findings),
      buffer_(piece_size),
      pages_(set.meta.start, set.meta.format > 0 ? set.meta.stop : Lsn{UINT64_MAX}) {}

// As the manifest calls it: a tablespace's files are found through the link in pg_tblspc.
std::string DataCheck::path_in_cluster(const std::string& member) const {
  for (const auto& [stored, link] : tablespaces_) {
    if (member.starts_with(stored + '/')) return link + member.substr(stored.size());
  }
  const std::size_t slash = member.find('/');
  return slash == member.npos ? member : member.substr(slash + 1);
}

std::string* DataCheck::wanted_text(const std::string& path) {
  if (path == "backup_label") return &label_;
  if (path == "backup_manifest") return &manifest_;
  return path == "global/pg_control" ? &control_ : nullptr;
}

void DataCheck::take(const TarEntry& member, Source& from, bool sound) {
  const std::string path = path_in_cluster(member.path);
  if (member.kind == TarEntry::Kind::symlink && path.starts_with("pg_tblspc/")) {
    const auto target = (std::filesystem::path(path).parent_path() / ".." / member.target).lexically_normal();
    const std::size_t at = target.native().find("tablespaces/");
    if (at != std::string::npos) tablespaces_[target.native().substr(at)] = path;
  }
  if (member.kind != TarEntry::Kind::file) return;
  std::string* const text = wanted_text(path);
  std::uint32_t crc = 0;
  if (sound) pages_.begin(path);
  while (const std::size_t n = read_full(from, buffer_)) {
    const Bytes piece = Bytes(buffer_).first(n);
    crc = crc32c(crc, piece);
    if (sound) pages_.piece(piece);
    if (text != nullptr) text->append(reinterpret_cast<const char*>(piece.data()), n);
  }
  if (content_ == nullptr) return;
  seen_.insert(path);
  if (sound) compare(member, path, crc);
}

void DataCheck::compare(const TarEntry& member, const std::string& path, std::uint32_t crc) {
  if (path == "backup_manifest") {
    if (sha256_hex(as_bytes(manifest_)) != content_->manifest_sha256) {
      damaged(member.path, "it is not the manifest in the meta file");
    }
    return;
  }
  const auto expected = content_->files.find(path);
  if (expected == content_->files.end()) return damaged(member.path, "the manifest does not name it");
  if (expected->second.size != member.size) {
    return damaged(member.path,
                   fmt::format("{} bytes long, the manifest says {}", member.size, expected->second.size));
  }
  if (!expected->second.crc32c.empty() && expected->second.crc32c != crc32c_hex(crc)) {
    damaged(member.path, "its checksum is not the one in the manifest");
  }
}

void DataCheck::finish(bool whole) {
  if (!whole) return;
  if (content_ != nullptr) tell_missing();
  check_label();
  check_control();
}

void DataCheck::tell_missing() {
  std::vector<std::string> missing;
  for (const auto& [path, file] : content_->files) {
    if (!seen_.contains(path)) missing.push_back(path);
  }
  std::ranges::sort(missing);
  for (const std::string& path : missing) {
    findings_.add({.kind = Finding::Kind::missing,
                   .file = tar_.path(),
                   .member = path,
                   .reason = "the manifest names it, the tar does not hold it"});
  }
}

void DataCheck::check_label() {
  if (label_.empty()) {
    return damaged("backup_label", "the tar does not hold it: the cluster would start from the wrong place");
  }
  findings_.attempt(tar_.path(), [&] {
    const BackupLabel label = parse_backup_label(label_);
    const bool is_exact = set_.meta.format > 0;
    if (is_exact && (label.start != set_.meta.start || label.timeline != set_.meta.start_timeline)) {
      fail(Exit::damaged,
           "backup_label: it begins at {} on timeline {}, the meta file says {} on timeline {}",
           to_string(label.start), number(label.timeline), to_string(set_.meta.start),
           number(set_.meta.start_timeline));
    }
  });
  if (content_ != nullptr && label_ != content_->backup_label) {
    damaged("backup_label", "it is not the one in the meta file");
  }
}

void DataCheck::check_control() {
  std::array<std::byte, 8192> bytes{};
  if (control_.size() != bytes.size()) {
    return damaged("global/pg_control",
                   control_.empty() ? "the tar does not hold it" : "it is not 8192 bytes long");
  }
  std::ranges::copy(as_bytes(control_), bytes.begin());
  const auto control = parse_control_file(bytes);
  if (!control) return damaged("global/pg_control", "its checksum does not fit, or its version is not known");
  const bool is_exact = set_.meta.format > 0;
  if (is_exact && control->system_identifier != set_.meta.system_identifier) {
    damaged("global/pg_control", fmt::format("it is of cluster {}, the meta file says {}",
                                             control->system_identifier, set_.meta.system_identifier));
  }
  if (control->page_size != page_size || control->pages_per_file != PageJudge::pages_per_file) {
    findings_.note(fmt::format("{}: its pages are not checked: they have {} bytes, {} of them a file",
                               tar_.path(), control->page_size, control->pages_per_file));
    return;
  }
  const auto& bad = pages_.bad_pages(control->data_checksum_version != 0);
  for (const PageJudge::BadPage& page : bad.pages) {
    damaged(page.path, fmt::format("block {} was damaged when it was backed up: {}, LSN {}", page.block,
                                   page.damage, to_string(page.lsn)));
  }
  if (bad.count > bad.pages.size()) damaged("", fmt::format("{} damaged pages in all", bad.count));
}

void DataCheck::damaged(const std::string& member, const std::string& reason) {
  findings_.add({.kind = Finding::Kind::damaged, .file = tar_.path(), .member = member, .reason = reason});
}

}  // namespace pitr
