#include "common/base/nearest.h"

#include <algorithm>
#include <vector>

namespace pitr {
namespace {

// How many single-character edits lie between the two; neighbours that changed places count as one.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({changed, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> names) {
  // Everything is near to a name of one or two letters.
  if (word.size() < 3) return {};
  std::string_view result;
  std::size_t best = std::min<std::size_t>(3, (word.size() + 2) / 3) + 1;
  for (const std::string_view candidate : names) {
    const std::size_t shorter = std::min(word.size(), candidate.size());
    const std::size_t longer = std::max(word.size(), candidate.size());
    // OmniPITR's users could abbreviate, so the start of a name is a near miss too.
    if (candidate.starts_with(word)) return candidate;
    if (longer - shorter >= best) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best || distance >= shorter) continue;
    best = distance;
    result = candidate;
  }
  return result;
}

}  // namespace pitr
