#include "archive/job.h"

#include "common/os/file_source.h"

namespace pitr {

OriginalWal original(const Job& job) {
  return {job.name, job.path.native(),
          [path = job.path] { return std::make_unique<FileSource>(open_regular(path)); }};
}

WalExpectation expectation(const WalName& name, const Archiving& archiving) {
  WalExpectation expected{name, {}, archiving.targets.check_header, {}};
  if (archiving.cluster.identity) expected.system_identifier = archiving.cluster.identity->system_identifier;
  expected.inspect = [name, &archiving](const WalPageHeader& header) {
    const std::string_view major = major_of_wal_magic(header.magic);
    if (major.empty()) {
      archiving.log.error(
          "WAL segment {}: magic {:04X} is of no known PostgreSQL; archived, because the rest is right",
          name.text(), header.magic);
    } else if (!archiving.cluster.major.empty() && major != archiving.cluster.major) {
      fail(Exit::damaged, "WAL segment {}: written by PostgreSQL {}, the data directory is of {}",
           name.text(), major, archiving.cluster.major);
    }
  };
  return expected;
}

}  // namespace pitr
