#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace pitr {

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

}  // namespace pitr
