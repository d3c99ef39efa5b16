#pragma once

#include <string>

#include "basebackup/cluster.h"
#include "basebackup/config_files.h"
#include "basebackup/session.h"
#include "basebackup/set_writer.h"
#include "common/backup_meta.h"
#include "common/spool_file.h"

namespace pitr {

// The members of a meta file. In a waiting file there is, beside them, what the digest files will begin with:
inline constexpr std::string_view kept_digests = "digests/";

void write_meta_file(TarWriter& tar, const Cluster& cluster, const Meta& meta, const StopResult& stop,
                     SpoolFile& manifest, const SetWriter::Stored& stored, const ConfigFiles& config);

}  // namespace pitr
