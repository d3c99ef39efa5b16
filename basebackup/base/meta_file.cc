#include "basebackup/base/meta_file.h"

namespace pitr {

void write_meta_file(TarWriter& tar, const Cluster& cluster, const Meta& meta, const StopResult& stop,
                     SpoolFile& manifest, const SetWriter::Stored& stored, const ConfigFiles& config) {
  const auto attributes = [&](const std::string& path, std::uint64_t size) {
    TarMember member = cluster.own_file("", size);
    member.path = path;
    return member;
  };
  const auto add = [&](const std::string& path, std::string_view text) {
    tar.add(attributes(path, text.size()), as_bytes(text));
  };
  const auto add_spooled = [&](const std::string& path, SpoolFile& spool) {
    tar.add(attributes(path, spool.size()), *spool.reader());
  };
  add("meta", format_meta(meta));
  add("backup_label", stop.backup_label);
  add_spooled("backup_manifest", manifest);
  add_spooled("index", stored.index);
  for (const ConfigFile& file : config.files) add("config" + file.path, file.content);
  std::string not_copied;
  for (const std::string& line : config.not_copied) not_copied += line + "\n";
  if (!not_copied.empty()) add("config/NOT-COPIED", not_copied);
  if (meta.state == SetState::complete) return;
  for (const auto& [algorithm, text] : stored.digests) add(std::string(kept_digests) + algorithm, text);
}

}  // namespace pitr
