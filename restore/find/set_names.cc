#include "restore/find/set_names.h"

#include <charconv>
#include <map>

#include "common/postgres/heap_page.h"
#include "common/postgres/page.h"
#include "common/postgres/relation_file.h"
#include "common/set/backup_index.h"
#include "common/set/set_stream.h"

namespace pitr {
namespace {

class Reader {
 public:
  Reader(Store& store, const BackupSet& set, std::uint16_t magic, Names& names)
      : store_(store), set_(set), magic_(magic), names_(names) {}

  void run() {
    read_meta_members(store_, set_.meta_file, [&](const TarEntry& member, Source& content) {
      if (member.path != "index") return true;
      index_ = read_index(content, [&](const IndexedMember& indexed) { note(indexed); });
      return false;
    });
    if (index_.empty() || !set_.data) fail(Exit::failed, "backup {}: it has no index", set_.name);
    for (const auto& [directory, database] : maps_)
      names_.take_map(database, as_bytes(read(directory + "/pg_filenode.map")));
    for (const auto& [directory, database] : maps_) {
      if (database == 0) {
        take_pages(directory, 0, names_.database_file());
        continue;
      }
      take_pages(directory, database, names_.class_file(database));
      // The row of pg_namespace in pg_class tells which its file is.
      take_pages(directory, database, names_.schema_file(database));
    }
  }

 private:
  // "main/base/5/1259", "tablespaces/mnt/fast/PG_15_202209061/16400/pg_filenode.map"
  void note(const IndexedMember& member) {
    if (member.part != SetPart::data) return;
    const auto slash = member.path.rfind('/');
    if (slash == member.path.npos) return;
    const std::string_view file = std::string_view(member.path).substr(slash + 1);
    const std::string directory = member.path.substr(0, slash);
    if (file == "pg_filenode.map") {
      const std::string_view last = std::string_view(directory).substr(directory.rfind('/') + 1);
      std::uint32_t database = 0;  // global/
      std::from_chars(last.data(), last.data() + last.size(), database);
      maps_[directory] = database;
    } else {
      const auto relation = parse_relation_file(file);
      if (!relation || !relation->fork.empty()) return;
    }
    members_[member.path] = {member.data, member.size};
  }

  std::string read(const std::string& path) {
    const auto member = members_.find(path);
    if (member == members_.end()) return {};
    return read_set_range(store_, *set_.data, index_, member->second.first, member->second.second);
  }

  void take_pages(const std::string& directory, std::uint32_t database, std::uint32_t file) {
    constexpr std::uint32_t pages_per_segment = (1 << 30) / page_size;
    for (std::uint32_t segment = 0;; ++segment) {
      const std::string path =
          fmt::format("{}/{}{}", directory, file, segment == 0 ? "" : "." + std::to_string(segment));
      if (!members_.contains(path)) return;
      const std::string pages = read(path);
      const RelationLocator relation{database == 0 ? global_tablespace : 0, database, file};
      for (std::size_t at = 0; at + page_size <= pages.size(); at += page_size) {
        const auto block = static_cast<std::uint32_t>(segment * pages_per_segment + at / page_size);
        each_row(as_bytes(pages).subspan(at, page_size), [&](std::uint16_t offset, Bytes columns) {
          names_.take_row({relation, block, offset, columns}, magic_);
        });
      }
    }
  }

  Store& store_;
  const BackupSet& set_;
  std::uint16_t magic_;
  Names& names_;
  std::vector<IndexedFile> index_;
  std::map<std::string, std::uint32_t> maps_;  // directories of databases
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> members_;
};

}  // namespace

void read_names(Store& store, const BackupSet& set, std::uint16_t magic, Names& names) {
  Reader(store, set, magic, names).run();
}

}  // namespace pitr
