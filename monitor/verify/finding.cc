#include "monitor/verify/finding.h"

#include "common/base/error.h"

namespace pitr {
namespace {

constexpr std::size_t most_kept = 1000;

}  // namespace

void Findings::add(Finding finding) {
  // Messages of lower layers begin with the file's name, too.
  if (finding.reason.starts_with(finding.file + ": ")) finding.reason.erase(0, finding.file.size() + 2);
  const std::lock_guard lock(mutex_);
  if (finding.kind == Finding::Kind::unknown) ++unknown_;
  if (++count_ <= most_kept) kept_.push_back(std::move(finding));
}

bool Findings::attempt(const std::string& file, const std::function<void()>& check) {
  try {
    check();
    return true;
  } catch (const Error& error) {
    const auto kind = error.code() == Exit::damaged ? Finding::Kind::damaged : Finding::Kind::unknown;
    add({.kind = kind, .file = file, .reason = error.what()});
    return false;
  }
}

}  // namespace pitr
