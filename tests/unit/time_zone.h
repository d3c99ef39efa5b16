#pragma once

#include <time.h>

#include <cstdlib>

namespace pitr {

// Puts this process five hours behind UTC.
class FiveHoursBehind {
 public:
  FiveHoursBehind() {
    ::setenv("TZ", "XST+5", 1);
    ::tzset();
  }
  ~FiveHoursBehind() {
    ::unsetenv("TZ");
    ::tzset();
  }
  FiveHoursBehind(const FiveHoursBehind&) = delete;
  FiveHoursBehind& operator=(const FiveHoursBehind&) = delete;
};

}  // namespace pitr
