#include "common/os/host_name.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/base/error.h"

namespace pitr {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) fail(Exit::failed, "hostname: {}", errno_text(errno));
  return name.data();
}

}  // namespace pitr
