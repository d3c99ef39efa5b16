#include "monitor/verify/tar_pass.h"

#include <algorithm>

namespace pitr {
namespace {

std::string without_slash(const std::string& path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

// "base/5/1259, base/5/1249 and 12 more"
std::string members_between(const std::vector<IndexedMember>& members, std::uint64_t begin,
                            std::uint64_t end) {
  constexpr std::ptrdiff_t most_names = 3;
  // A member reaches to the header of the next one.
  auto first = std::ranges::upper_bound(members, begin, {}, &IndexedMember::header);
  if (first != members.begin()) --first;
  const auto last = std::ranges::lower_bound(members, end, {}, &IndexedMember::header);
  std::string text;
  for (auto member = first; member < last && member < first + most_names; ++member)
    text += (text.empty() ? "" : ", ") + member->path;
  const auto count = last - first;
  if (count > most_names) text += fmt::format(" and {} more", count - most_names);
  return text;
}

class Pass {
 public:
  Pass(const StoredTar& tar, const EachTarMember& each, Findings& findings)
      : tar_(tar), each_(each), findings_(findings) {}

  TarOutcome run() {
    std::vector<std::string> algorithms = tar_.algorithms;
    if (std::ranges::find(algorithms, "SHA-256") == algorithms.end()) algorithms.emplace_back("SHA-256");
    TarOutcome outcome;
    std::optional<Error> broken;
    const auto source = read_stored(tar_.store, tar_.name, tar_.indexed, tar_.workers, algorithms, facts_);
    try {
      outcome.whole = read_members(*source);
    } catch (const Error& error) {
      broken = error;
    }
    // There may be more damage behind what the tar stumbled over.
    if (broken && broken->code() == Exit::damaged) read_rest(*source);
    outcome.good = judge_stored_bytes() && !broken;
    outcome.digests = facts_->digests;
    if (broken) tell(*broken);
    return outcome;
  }

 private:
  // False: the zeros that stand for a damaged block looked like the end of the tar.
  bool read_members(Source& source) {
    TarReader reader(source, tar_.path());
    std::size_t number = 0;
    for (TarEntry member; reader.next(member); ++number) {
      current_ = member.path;
      compare_with_index(member, number);
      each_(member, reader.content(), is_sound(number));
    }
    current_.clear();
    const bool is_short = tar_.members != nullptr && number < tar_.members->size();
    if (is_short && facts_->bad_blocks().empty()) {
      damaged((*tar_.members)[number].path,
              fmt::format("missing, and {} members behind it, which the index names",
                          tar_.members->size() - number - 1));
    }
    return !is_short;
  }

  static void read_rest(Source& source) {
    try {
      NullSink nowhere;
      copy(source, nowhere);
    } catch (const Error&) {
    }
  }

  void compare_with_index(const TarEntry& member, std::size_t number) {
    if (tar_.members == nullptr || differs_) return;
    const bool is_known = number < tar_.members->size();
    const std::uint64_t size = member.kind == TarEntry::Kind::file ? member.size : 0;
    const IndexedMember* const known = is_known ? &(*tar_.members)[number] : nullptr;
    if (is_known && known->path == without_slash(member.path) && known->size == size) return;
    // From here on all would differ.
    differs_ = true;
    damaged(member.path, is_known ? fmt::format("the index has {} in its place", known->path)
                                  : "the index does not name it");
  }

  bool is_sound(std::size_t number) const {
    if (tar_.members == nullptr || number >= tar_.members->size()) return true;
    const IndexedMember& member = (*tar_.members)[number];
    return !facts_->touches(member.header, member.data + member.size);
  }

  // False: what is stored is not what was written.
  bool judge_stored_bytes() {
    const auto bad = facts_->bad_blocks();
    tell_bad_blocks(tar_, *facts_, findings_);
    if (tar_.indexed == nullptr || facts_->digests.empty()) return bad.empty();
    if (facts_->size != tar_.indexed->size) {
      damaged("", fmt::format("{} bytes long, the index says {}", facts_->size, tar_.indexed->size));
      return false;
    }
    const auto own =
        std::ranges::find(facts_->digests, "SHA-256", &std::pair<std::string, std::string>::first);
    if (own->second == tar_.indexed->sha256) return true;
    if (bad.empty()) damaged("", "its SHA-256 is not the one in the index");
    return false;
  }

  void tell(const Error& error) {
    if (error.code() != Exit::damaged) {
      findings_.add(
          {.kind = Finding::Kind::unknown, .file = tar_.path(), .member = current_, .reason = error.what()});
      return;
    }
    // What a damaged block or the missing end leads to has been told already.
    const bool is_cut_off = tar_.indexed != nullptr && facts_->size < tar_.indexed->size;
    if (facts_->bad_blocks().empty() && !is_cut_off) damaged(current_, error.what());
  }

  void damaged(const std::string& member, const std::string& reason) {
    findings_.add({.kind = Finding::Kind::damaged, .file = tar_.path(), .member = member, .reason = reason});
  }

  const StoredTar& tar_;
  const EachTarMember& each_;
  Findings& findings_;
  const std::shared_ptr<StoredFacts> facts_ = std::make_shared<StoredFacts>();
  std::string current_;
  bool differs_ = false;
};

}  // namespace

TarOutcome pass_over(const StoredTar& tar, const EachTarMember& each, Findings& findings) {
  return Pass(tar, each, findings).run();
}

void tell_bad_blocks(const StoredTar& tar, const StoredFacts& facts, Findings& findings) {
  for (const StoredFacts::BadBlock& block : facts.bad_blocks()) {
    const std::string members =
        tar.members == nullptr ? "" : members_between(*tar.members, block.raw_begin, block.raw_end);
    findings.add({.kind = Finding::Kind::damaged,
                  .file = tar.path(),
                  .member = members,
                  .offset = block.stored_offset,
                  .reason = block.reason});
  }
}

}  // namespace pitr
