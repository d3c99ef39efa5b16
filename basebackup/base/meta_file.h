#pragma once

#include <string>

#include "basebackup/base/config_files.h"
#include "basebackup/base/set_writer.h"
#include "basebackup/copying/cluster.h"
#include "basebackup/copying/session.h"
#include "common/os/spool_file.h"
#include "common/set/backup_meta.h"

namespace pitr {

// The members of a meta file. In a waiting file there is, beside them, what the digest files will begin with:
inline constexpr std::string_view kept_digests = "digests/";

void write_meta_file(TarWriter& tar, const Cluster& cluster, const Meta& meta, const StopResult& stop,
                     SpoolFile& manifest, const SetWriter::Stored& stored, const ConfigFiles& config);

}  // namespace pitr
