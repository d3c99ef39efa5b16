#include "restore/recover/server_program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "common/base/error.h"
#include "common/process/process.h"

namespace pitr {

namespace fs = std::filesystem;

std::string server_program(const std::string& bindir, const std::string& major, const std::string& program) {
  std::vector<fs::path> directories;
  if (!bindir.empty()) {
    directories = {bindir};
  } else {
    directories = {"/usr/lib/postgresql/" + major + "/bin", "/usr/pgsql-" + major + "/bin"};
    const char* path = std::getenv("PATH");
    for (std::string rest = path == nullptr ? "" : path; !rest.empty();) {
      const std::string directory = rest.substr(0, rest.find(':'));
      rest.erase(0, directory.size() + 1);
      if (directory.starts_with('/')) directories.emplace_back(directory);
    }
  }
  for (const fs::path& directory : directories) {
    const std::string file = directory / program;
    if (::access(file.c_str(), X_OK) != 0) continue;
    bool fits = false;
    run_reading({file, "--version"}, {}, [&](const std::string& line) {
      fits = line.find(") " + major + ".") != line.npos || line.find(") " + major + "devel") != line.npos;
      return true;
    });
    if (fits || major.empty()) return file;
  }
  fail(Exit::failed, "{} of PostgreSQL {}: not found{} (give --bindir)", program, major,
       bindir.empty() ? "" : " in " + bindir);
}

}  // namespace pitr
