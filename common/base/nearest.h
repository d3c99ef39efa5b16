#pragma once

#include <span>
#include <string_view>

namespace pitr {

// The nearest name, for "did you mean": empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> names);

}  // namespace pitr
