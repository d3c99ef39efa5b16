#include "common/set/backup_set.h"

#include "common/base/text.h"
#include "common/base/time_text.h"

namespace pitr {
namespace {

constexpr std::string_view file_type = "__FILETYPE__";

}  // namespace

std::string_view name(SetPart part) {
  switch (part) {
    case SetPart::data:
      return "data";
    case SetPart::xlog:
      return "xlog";
    case SetPart::meta:
      return "meta";
    case SetPart::waiting:
      return "waiting";
  }
  return "";
}

Name removing_file(const Name& meta_file) {
  const auto name = Name::parse(meta_file.text() + std::string(removing_suffix));
  if (!name) fail(Exit::failed, "{}{} is no name for a stored file", meta_file.text(), removing_suffix);
  return *name;
}

SetNames::SetNames(std::string_view pattern, std::string_view hostname,
                   std::chrono::system_clock::time_point started)
    // The time first: a '^' in the host's name is not ours to expand.
    : pattern_(expand_time(pattern, started)) {
  if (pattern.find(file_type) == pattern.npos) {
    fail(Exit::usage, "file name template {}: no {}, so that all files of a backup would have one name",
         pattern, file_type);
  }
  if (pattern.find('/') != pattern.npos) {
    fail(Exit::usage, "file name template {}: a '/' (the directory is given with the destination)", pattern);
  }
  replace_all(pattern_, "__HOSTNAME__", hostname);
  file(SetPart::waiting, Codec::lzma);  // the longest there is; throws when it is no name
}

SetNames SetNames::of(const Name& file, std::size_t at, std::string_view type) {
  SetNames names;
  names.pattern_ = file.text();
  names.pattern_.replace(at, type.size(), file_type);
  return names;
}

std::vector<SetNames::Part> SetNames::parts(Codec codec, const std::vector<std::string>& digests) const {
  std::vector<Part> parts = {{file(SetPart::data, codec), false}, {file(SetPart::xlog, codec), true}};
  for (const std::string& algorithm : digests) parts.push_back({digest(algorithm, codec), true});
  return parts;
}

Name SetNames::file(std::string_view type, Codec codec) const {
  std::string text = pattern_;
  replace_all(text, file_type, type);
  replace_all(text, "__CEXT__", suffix(codec));
  const auto name = Name::parse(text);
  if (!name) fail(Exit::usage, "file name template: '{}' is no name for a stored file", text);
  return *name;
}

}  // namespace pitr
