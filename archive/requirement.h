#pragma once

#include <string>
#include <vector>

#include "common/store/place.h"

namespace pitr {

// Which destinations must hold a file before pitr-archive answers 0: all of them, any, a number, or those
// named.
class Requirement {
 public:
  Requirement() = default;  // all
  // One of "all", "any", a number, or the places of destinations, without a codec. Throws usage for anything
  // else.
  Requirement(const std::vector<std::string>& words, const std::vector<Place>& destinations);

  bool is_all() const { return is_all_; }
  // `has` says for each destination, in their order, whether it holds the file.
  bool is_met_by(const std::vector<bool>& has) const;

 private:
  bool is_all_ = true;
  std::size_t count_ = 0;
  std::vector<std::size_t> named_;
};

}  // namespace pitr
