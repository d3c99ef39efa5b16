#include "monitor/verify/set_check.h"

#include <algorithm>

#include "common/codec/crc32c.h"
#include "monitor/verify/bundle_check.h"
#include "monitor/verify/data_check.h"
#include "monitor/verify/digest_file_check.h"
#include "monitor/verify/set_content.h"

namespace pitr {
namespace {

constexpr std::string_view digest_algorithms[] = {"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"};

class SetCheck {
 public:
  SetCheck(Store& store, const BackupSet& set, const SetCheckOptions& options, Findings& findings)
      : store_(store), set_(set), options_(options), findings_(findings) {}

  std::vector<SegmentKey> run() {
    findings_.attempt(store_.describe(set_.meta_file), [&] { content_ = read_set_content(store_, set_); });
    if (is_there(SetPart::data, set_.data)) check_data();
    if (is_there(SetPart::xlog, set_.xlog)) check_bundle();
    for (const Name& name : set_.digests) check_digests(name);
    return std::move(segments_);
  }

 private:
  const SetContent* manifest() const { return content_ && set_.meta.format > 0 ? &*content_ : nullptr; }

  bool is_there(SetPart part, const std::optional<Name>& name) {
    const IndexedFile* indexed = content_ ? content_->indexed(part, set_) : nullptr;
    if (name) {
      if (content_ && set_.meta.format > 0 && content_->indexed(*name) == nullptr) {
        findings_.add({.kind = Finding::Kind::damaged,
                       .file = store_.describe(*name),
                       .reason = "the index of its set does not name it"});
      }
      return true;
    }
    // A set without xlog file: made with --skip-xlogs.
    if (indexed != nullptr || part == SetPart::data) {
      findings_.add({.kind = Finding::Kind::missing,
                     .file = store_.describe() + "/" + (indexed != nullptr ? indexed->name : set_.name),
                     .reason = fmt::format("it is not there, but {} is", set_.meta_file.text())});
    }
    return false;
  }

  StoredTar tar_of(const Name& name, const std::vector<IndexedMember> SetContent::*members) const {
    StoredTar tar{.store = store_, .name = name, .workers = options_.workers};
    if (manifest() != nullptr) {
      tar.indexed = content_->indexed(name);
      if (tar.indexed != nullptr) tar.members = &((*content_).*members);
    }
    for (const std::string_view algorithm : digest_algorithms) {
      if (std::ranges::find(set_.digests, digest_name(algorithm)) != set_.digests.end()) {
        tar.algorithms.emplace_back(algorithm);
      }
    }
    return tar;
  }

  // Everything when all is to be read; else what stands for it.
  bool is_read_whole(const StoredTar& tar) {
    if (!options_.quick && options_.sample.is_all()) return true;
    const auto size = stored_size(store_, tar.name);
    if (tar.indexed != nullptr && size != tar.indexed->size) {
      findings_.add(
          {.kind = Finding::Kind::damaged,
           .file = tar.path(),
           .reason = fmt::format("{} bytes long, the index says {}", size.value_or(0), tar.indexed->size)});
      return false;
    }
    if (options_.quick) return false;
    // One stream without blocks is read on its day.
    if (tar.indexed == nullptr || tar.indexed->blocks.empty()) {
      return options_.sample.has(crc32c(0, as_bytes(tar.name.text())));
    }
    StoredFacts facts;
    check_sample(store_, tar.name, *tar.indexed, options_.workers, options_.sample, facts);
    tell_bad_blocks(tar, facts, findings_);
    return false;
  }

  void check_data() {
    const StoredTar tar = tar_of(*set_.data, &SetContent::data);
    findings_.attempt(tar.path(), [&] {
      if (!is_read_whole(tar)) return;
      DataCheck check(tar, set_, manifest(), findings_);
      const TarOutcome outcome = pass_over(
          tar, [&](const TarEntry& member, Source& from, bool sound) { check.take(member, from, sound); },
          findings_);
      check.finish(outcome.whole);
      outcomes_.emplace_back(tar.name, outcome);
    });
  }

  void check_bundle() {
    const StoredTar tar = tar_of(*set_.xlog, &SetContent::xlog);
    findings_.attempt(tar.path(), [&] {
      BundleCheck check(tar, set_, findings_);
      if (is_read_whole(tar)) {
        const TarOutcome outcome = pass_over(
            tar, [&](const TarEntry& member, Source& from, bool sound) { check.take(member, from, sound); },
            findings_);
        check.finish(outcome.whole);
        outcomes_.emplace_back(tar.name, outcome);
      } else if (tar.members != nullptr) {
        check.take_names(*tar.members);
        check.finish(true);
      }
      segments_ = check.segments();
    });
  }

  std::optional<Name> digest_name(std::string_view algorithm) const {
    if (!set_.data) return std::nullopt;
    // The codec is in the names already.
    return names_of_set(set_.meta_file, *set_.data).digest(algorithm, Codec::none);
  }

  // The digest that the file had when it was written, as far as it is known.
  std::string digest_of(const Name& file, std::string_view algorithm) const {
    const IndexedFile* indexed = manifest() != nullptr ? content_->indexed(file) : nullptr;
    if (indexed != nullptr && algorithm == "SHA-256") return indexed->sha256;
    for (const auto& [name, outcome] : outcomes_) {
      if (name != file || !outcome.good) continue;
      for (const auto& [known, hex] : outcome.digests) {
        if (known == algorithm) return hex;
      }
    }
    return {};
  }

  void check_digests(const Name& name) {
    for (const std::string_view algorithm : digest_algorithms) {
      if (digest_name(algorithm) != name) continue;
      std::vector<ExpectedDigest> expected;
      for (const auto& file : {set_.data, set_.xlog}) {
        if (file) expected.push_back({*file, digest_of(*file, algorithm)});
      }
      check_digest_file(store_, name, expected, set_.meta.format > 0, findings_);
    }
  }

  Store& store_;
  const BackupSet& set_;
  const SetCheckOptions& options_;
  Findings& findings_;
  std::optional<SetContent> content_;
  std::vector<std::pair<Name, TarOutcome>> outcomes_;
  std::vector<SegmentKey> segments_;
};

}  // namespace

std::vector<SegmentKey> check_set(Store& store, const BackupSet& set, const SetCheckOptions& options,
                                  Findings& findings) {
  return SetCheck(store, set, options, findings).run();
}

}  // namespace pitr
