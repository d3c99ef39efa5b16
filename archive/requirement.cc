#include "archive/requirement.h"

#include <algorithm>

#include "common/base/number.h"

namespace pitr {

Requirement::Requirement(const std::vector<std::string>& words, const std::vector<Place>& destinations) {
  if (words.empty()) return;
  const std::string& word = words.front();
  const auto number = decimal(word);
  is_all_ = word == "all";
  if (words.size() == 1 && (is_all_ || word == "any" || number)) {
    count_ = number ? static_cast<std::size_t>(std::max(*number, 0)) : 1;
    if (count_ == 0 || count_ > destinations.size()) {
      fail(Exit::usage, "--require {}: there are {} destinations", word, destinations.size());
    }
    return;
  }
  is_all_ = false;
  for (const std::string& name : words) {
    const auto found = std::ranges::find(destinations, name, &Place::place);
    if (found == destinations.end()) {
      fail(Exit::usage, "--require {}: not all, any, a number or the place of a destination", name);
    }
    named_.push_back(static_cast<std::size_t>(found - destinations.begin()));
  }
}

bool Requirement::is_met_by(const std::vector<bool>& has) const {
  if (is_all_) return std::ranges::find(has, false) == has.end();
  if (named_.empty()) return static_cast<std::size_t>(std::ranges::count(has, true)) >= count_;
  return std::ranges::all_of(named_, [&](std::size_t i) { return has[i]; });
}

}  // namespace pitr
