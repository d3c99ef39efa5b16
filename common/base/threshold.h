#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace pitr {

// A number with an optional unit behind it: "90", "26h", "2d", "10G". Seconds and bytes are what it means then.
std::optional<double> parse_quantity(std::string_view text);

// The values that raise no alarm, written as plugins of Nagios have them:
//   10  0 to 10     10:  10 and more     ~:10  10 and less     5:10  from 5 to 10     @5:10  outside 5 to 10
class Threshold {
 public:
  static std::optional<Threshold> parse(std::string_view text);
  // Infinity, what has never happened, is above every bound.
  bool alarms(double value) const;
  std::string text() const;  // in plain numbers

 private:
  double low_ = 0, high_ = std::numeric_limits<double>::infinity();
  bool inside_ = false;  // the alarm is between the bounds
};

// The shortest text that reads as this number; "inf" for infinity.
std::string number_text(double value);

}  // namespace pitr
