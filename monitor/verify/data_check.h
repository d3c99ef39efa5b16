#pragma once

#include <array>
#include <map>
#include <set>
#include <string>

#include "monitor/verify/page_judge.h"
#include "monitor/verify/set_content.h"
#include "monitor/verify/tar_pass.h"

namespace pitr {

// What the members of a data tar must be: each file of the manifest, unchanged, and nothing besides; good
// pages; the label and the pg_control of this backup.
class DataCheck {
 public:
  // `content`: null when the set has no manifest, or its meta file cannot be read.
  DataCheck(const StoredTar& tar, const BackupSet& set, const SetContent* content, Findings& findings);

  void take(const TarEntry& member, Source& from, bool sound);
  // The tar was read; `whole`: to its end.
  void finish(bool whole);

 private:
  std::string path_in_cluster(const std::string& member) const;
  std::string* wanted_text(const std::string& path);
  void compare(const TarEntry& member, const std::string& path, std::uint32_t crc);
  void tell_missing();
  void check_label();
  void check_control();
  void damaged(const std::string& member, const std::string& reason);

  const StoredTar& tar_;
  const BackupSet& set_;
  const SetContent* content_;
  Findings& findings_;
  std::vector<std::byte> buffer_;
  std::map<std::string, std::string> tablespaces_;  // "tablespaces/fast" → "pg_tblspc/16385"
  std::set<std::string> seen_;                      // files of the manifest
  std::string label_, manifest_, control_;
  PageJudge pages_;
};

}  // namespace pitr
