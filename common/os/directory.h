#pragma once

#include <functional>
#include <string>

#include "common/os/fd.h"

namespace pitr {

// What is done in an open directory stays in it, whatever is mounted or renamed at its path meanwhile.

// Another descriptor of the same directory, with an offset and locks of its own.
Fd open_again(const Fd& directory);

// Calls `each` with every name in it but "." and "..", in no order, until it returns false. Throws when the
// directory cannot be read, or was removed.
void list_directory(const Fd& directory, const std::function<bool(const std::string& name)>& each);

// Throws when the directory was removed: then no name in it is proven absent.
void require_directory(const Fd& directory);

}  // namespace pitr
