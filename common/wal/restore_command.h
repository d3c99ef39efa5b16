#pragma once

#include <string>
#include <vector>

#include "common/store/place.h"

namespace pitr {

// "/usr/bin/pitr-restore -s zstd=/backup/wal --prefetch-dir /data/pg.pitr-prefetch %f %p": for the shell that
// the server gives it to, '%' doubled. `options` follow the sources.
std::string restore_command(const std::string& program, const std::vector<Place>& sources,
                            const std::vector<std::string>& options);

}  // namespace pitr
