#include "monitor/verify/set_content.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/codec/digest.h"

namespace pitr {
namespace {

void take_manifest(const std::string& text, SetContent& content) {
  content.manifest_sha256 = sha256_hex(as_bytes(text));
  MemorySource source(as_bytes(text));
  const Manifest manifest = read_manifest(source, [&](const ManifestFile& file) {
    const bool is_crc = file.algorithm == "CRC32C";
    if (!content.files.emplace(file.path, SetContent::File{file.size, is_crc ? file.checksum : ""}).second) {
      fail(Exit::damaged, "it names {} twice", file.path);
    }
  });
}

void take_member(const TarEntry& member, Source& from, SetContent& content) {
  if (member.path == "backup_label") {
    content.backup_label = read_text(from);
  } else if (member.path == "backup_manifest") {
    take_manifest(read_text(from), content);
  } else if (member.path == "index") {
    content.stored = read_index(from, [&](const IndexedMember& indexed) {
      (indexed.part == SetPart::data ? content.data : content.xlog).push_back(indexed);
    });
  }
}

}  // namespace

const IndexedFile* SetContent::indexed(const Name& name) const {
  const auto file = std::ranges::find(stored, name.text(), &IndexedFile::name);
  return file == stored.end() ? nullptr : &*file;
}

const IndexedFile* SetContent::indexed(SetPart part, const BackupSet& set) const {
  for (const IndexedFile& file : stored) {
    const auto name = Name::parse(file.name);
    if (!name) continue;
    const bool is_data = file.name.starts_with(set.name);
    if (is_data == (part == SetPart::data)) return &file;
  }
  return nullptr;
}

SetContent read_set_content(Store& store, const BackupSet& set) {
  SetContent content;
  const std::string file = store.describe(set.meta_file);
  read_sealed_meta(store, set,
                   [&](const TarEntry& member, Source& from) { take_member(member, from, content); });
  if (set.meta.format == 0) return content;
  for (const auto& [name, is_there] : {std::pair{"backup_label", !content.backup_label.empty()},
                                       std::pair{"backup_manifest", !content.manifest_sha256.empty()},
                                       std::pair{"index", !content.stored.empty()}}) {
    if (!is_there) fail(Exit::damaged, "{}: it holds no '{}'", file, name);
  }
  return content;
}

}  // namespace pitr
