#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pitr {

// The whole text as a decimal number; null when it is none.
std::optional<int> decimal(std::string_view text);

// Bytes: "20M", "1G", units of 1024; null when it is none, or 0.
std::optional<std::uint64_t> parse_size(std::string_view text);

// A number with an optional unit behind it: "90", "26h", "2d", "10G". Seconds and bytes are what it means
// then.
std::optional<double> parse_quantity(std::string_view text);

// The shortest text that reads as this number; "inf" for infinity.
std::string number_text(double value);

}  // namespace pitr
