#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace pitr {

enum class Grade { ok, warning, failed };

// What pitr-check found out about one thing of the set-up.
struct SetupLine {
  Grade grade;
  std::string subject;  // "archive_timeout"
  std::string text;     // how it is
  std::string advice;   // what to do; "" for ok
};
std::string_view text(Grade grade);
// "warning  archive_timeout: 0: … (set …)"
std::string text(const SetupLine& line);

class SetupReport {
 public:
  // `each` is told of every line at once: a person watches while the rest is waited for.
  explicit SetupReport(std::function<void(const SetupLine&)> each) : each_(std::move(each)) {}

  void ok(const std::string& subject, const std::string& text) { add({Grade::ok, subject, text, {}}); }
  void warning(const std::string& subject, const std::string& text, const std::string& advice) {
    add({Grade::warning, subject, text, advice});
  }
  void failed(const std::string& subject, const std::string& text, const std::string& advice) {
    add({Grade::failed, subject, text, advice});
  }
  void add(SetupLine line);
  // Runs `check`; an Error that leaves it becomes a failed line. False: there was one. A signal ends all.
  bool attempt(const std::string& subject, const std::string& advice, const std::function<void()>& check);

  const std::vector<SetupLine>& lines() const { return lines_; }
  std::size_t count(Grade grade) const;
  std::string json() const;

 private:
  std::function<void(const SetupLine&)> each_;
  std::vector<SetupLine> lines_;
};

}  // namespace pitr
