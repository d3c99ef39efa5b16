#include "common/set/backup_catalog.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "common/base/line_reader.h"
#include "common/codec/seal.h"
#include "common/set/backup_lease.h"
#include "common/set/backup_pin.h"
#include "common/set/state.h"
#include "common/store/decompressed_file.h"
#include "common/wal/stored_name.h"

namespace pitr {
namespace {

constexpr std::array<std::string_view, 5> digest_types = {"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"};
constexpr std::size_t longest_meta = 64 * 1024;

// Where in the name of a file its type stands.
struct TypePlace {
  std::string prefix, suffix;
  std::string with(std::string_view type) const { return prefix + std::string(type) + suffix; }
  auto operator<=>(const TypePlace&) const = default;
};

bool is_word_end(const std::string& text, std::size_t at) {
  return at >= text.size() || std::isalnum(static_cast<unsigned char>(text[at])) == 0;
}

// Every place where `type` stands in `text`; with `as_word` only where nothing alphanumeric is beside it.
std::vector<TypePlace> places_of(const std::string& text, std::string_view type, bool as_word) {
  std::vector<TypePlace> places;
  for (std::size_t at = text.find(type); at != text.npos; at = text.find(type, at + 1)) {
    const bool is_word = (at == 0 || is_word_end(text, at - 1)) && is_word_end(text, at + type.size());
    if (is_word || !as_word) places.push_back({text.substr(0, at), text.substr(at + type.size())});
  }
  return places;
}

Name required_name(const std::string& text) {
  const auto name = Name::parse(text);
  if (!name) fail(Exit::failed, "{} is no name for a stored file", text);
  return *name;
}

// What programs write of a set, named after it.
bool is_beside_a_set(const std::string& text) {
  return text.ends_with(lease_suffix) || text.ends_with(pin_suffix) || text.ends_with(removing_suffix);
}

// Sorts the names of a directory into sets.
class Sorter {
 public:
  explicit Sorter(Store& store) : store_(store) {
    store.list("", [&](const Name& name) {
      if (name.text().ends_with(removing_suffix)) removals_.push_back(name);
      if (!stored_segment(name) && !is_beside_a_set(name.text())) names_.insert(name.text());
      return true;
    });
  }

  Catalog sort() {
    // First those beside a data file: nothing but a meta file is named so. Then what only looks like one.
    for (const bool beside_data : {true, false}) {
      for (const SetPart part : {SetPart::meta, SetPart::waiting}) {
        for (const std::string& text : names_) find_set(text, part, beside_data);
      }
    }
    const std::set<std::string> removed = names_in_removal();
    for (const std::string& text : names_) {
      if (claimed_.contains(text) || !looks_like_part_of_a_set(text)) continue;
      (removed.contains(text) ? catalog_.being_removed : catalog_.orphans).push_back(required_name(text));
    }
    const auto by_stop = [](const BackupSet& one, const BackupSet& other) {
      return std::pair(one.meta.stop_time, one.meta.stop) < std::pair(other.meta.stop_time, other.meta.stop);
    };
    std::ranges::sort(catalog_.complete, by_stop);
    std::ranges::sort(catalog_.waiting, by_stop);
    std::ranges::sort(catalog_.damaged, by_stop);
    return std::move(catalog_);
  }

 private:
  void find_set(const std::string& text, SetPart part, bool beside_data) {
    if (claimed_.contains(text)) return;
    for (const TypePlace& place : places_of(text, name(part), !beside_data)) {
      if (beside_data && !names_.contains(place.with("data"))) continue;
      // Published, but killed before the waiting file was removed: meta decides.
      if (part == SetPart::waiting && names_.contains(place.with("meta"))) {
        claimed_.insert(text);
        return;
      }
      add_set(required_name(text), place);
      return;
    }
  }

  void add_set(const Name& meta_file, const TypePlace& place) {
    const std::string data_file = place.with("data");
    const std::string name(split_suffix(data_file).stem);
    claimed_.insert(meta_file.text());
    const auto data = claim(data_file), xlog = claim(place.with("xlog"));
    std::vector<Name> digests;
    for (const std::string_view type : digest_types) {
      if (const auto digest = claim(place.with(type))) digests.push_back(*digest);
    }
    try {
      BackupSet set{name, meta_file, data, xlog, digests, read_meta(meta_file)};
      set.damage = damage_of(store_, set);
      // Somebody has removed it since the directory was read.
      if (!set.damage.empty() && !store_.open(meta_file)) return;
      (!set.damage.empty()                    ? catalog_.damaged
       : set.meta.state == SetState::complete ? catalog_.complete
                                              : catalog_.waiting)
          .push_back(std::move(set));
    } catch (const Error& error) {
      catalog_.unreadable.push_back({name, meta_file, error.what(), error.code()});
    }
  }

  Meta read_meta(const Name& meta_file) {
    std::string text;
    read_meta_members(store_, meta_file, [&](const TarEntry& member, Source& content) {
      if (member.path != "meta" || member.size > longest_meta) return true;
      StringSink sink(text);
      copy(content, sink);
      return false;
    });
    if (text.empty()) fail(Exit::damaged, "{}: holds no 'meta'", store_.describe(meta_file));
    return in_context(store_.describe(meta_file), [&] { return parse_meta(text); });
  }

  std::optional<Name> claim(const std::string& text) {
    if (!names_.contains(text)) return std::nullopt;
    claimed_.insert(text);
    return Name::parse(text);
  }

  std::set<std::string> names_in_removal() {
    std::set<std::string> listed;
    for (const Name& removal : removals_) {
      const auto source = store_.open(removal);
      if (!source) continue;
      LineReader lines(*source);
      for (std::string line; lines.next(line);) listed.insert(line);
    }
    return listed;
  }

  static bool looks_like_part_of_a_set(const std::string& text) {
    std::vector<std::string_view> types(digest_types.begin(), digest_types.end());
    types.insert(types.end(), {"data", "xlog"});
    return text.find(".tar") != text.npos && std::ranges::any_of(types, [&](std::string_view type) {
             return !places_of(text, type, true).empty();
           });
  }

  Store& store_;
  std::set<std::string> names_;
  std::set<std::string> claimed_;
  std::vector<Name> removals_;
  Catalog catalog_;
};

// A source whose first bytes were looked at: where it is far, opening it again is dear.
class Peeked final : public Source {
 public:
  Peeked(std::unique_ptr<Source> source, std::size_t size) : source_(std::move(source)), head_(size) {
    head_.resize(read_full(*source_, head_));
  }
  bool begins_with(std::string_view text) const {
    return head_.size() >= text.size() && std::ranges::equal(Bytes(head_).first(text.size()), as_bytes(text));
  }
  std::size_t read(std::span<std::byte> buffer) override {
    if (at_ == head_.size()) return source_->read(buffer);
    const std::size_t n = std::min(buffer.size(), head_.size() - at_);
    std::ranges::copy(Bytes(head_).subspan(at_, n), buffer.begin());
    at_ += n;
    return n;
  }

 private:
  std::unique_ptr<Source> source_;
  std::vector<std::byte> head_;
  std::size_t at_ = 0;
};

}  // namespace

void read_meta_members(Store& store, const Name& meta_file, const EachMember& each) {
  auto stored = store.open(meta_file);
  if (!stored) fail(Exit::failed, "{}: it has gone while it was looked at", store.describe(meta_file));
  // OmniPITR's is plain text, whatever its name says.
  constexpr std::string_view first_key = "Min-Xlog: ";
  auto source = std::make_unique<Peeked>(std::move(stored), first_key.size());
  if (!source->begins_with(first_key)) {
    auto content = decompressed(codec_of(meta_file), store.describe(meta_file), std::move(source));
    source = std::make_unique<Peeked>(std::move(content), first_key.size());
  }
  if (source->begins_with(first_key)) {
    each({.kind = TarEntry::Kind::file,
          .path = "meta",
          .target = {},
          .size = 0,
          .mode = 0600,
          .owner = 0,
          .group = 0,
          .modified = 0},
         *source);
    return;
  }
  TarReader tar(*source, store.describe(meta_file));
  for (TarEntry member; tar.next(member);) {
    if (!each(member, tar.content())) return;
  }
}

void read_sealed_meta(Store& store, const BackupSet& set,
                      const std::function<void(const TarEntry& member, Source& content)>& each) {
  const std::string file = store.describe(set.meta_file);
  if (set.meta.format > 0) {
    const auto stored = store.open(set.meta_file);
    if (!stored) fail(Exit::failed, "{}: it has gone while it was looked at", file);
    if (const auto damage = seal_damage(codec_of(set.meta_file), *stored))
      fail(Exit::damaged, "{}: {}", file, *damage);
  }
  read_meta_members(store, set.meta_file, [&](const TarEntry& member, Source& content) {
    in_context(fmt::format("{}: {}", file, member.path), [&] { each(member, content); });
    return true;
  });
}

Catalog read_catalog(Store& store) { return Sorter(store).sort(); }

std::optional<std::uint64_t> cluster_of(const Catalog& catalog, const Meta& meta) {
  if (meta.system_identifier != 0) return meta.system_identifier;
  std::set<std::uint64_t> clusters;
  for (const BackupSet& set : catalog.complete) {
    if (set.meta.hostname == meta.hostname && set.meta.system_identifier != 0)
      clusters.insert(set.meta.system_identifier);
  }
  if (clusters.size() != 1) return std::nullopt;
  return *clusters.begin();
}

Catalog of_cluster(Catalog catalog, std::uint64_t system_identifier) {
  const Catalog all = catalog;
  for (auto* sets : {&catalog.complete, &catalog.waiting, &catalog.damaged}) {
    std::erase_if(*sets, [&](const BackupSet& set) {
      return cluster_of(all, set.meta).value_or(system_identifier) != system_identifier;
    });
  }
  return catalog;
}

const BackupSet& set_named(const Catalog& catalog, std::string_view text) {
  std::vector<const BackupSet*> candidates;  // whose names have it as a part
  for (const auto* sets : {&catalog.complete, &catalog.waiting, &catalog.damaged}) {
    for (const BackupSet& set : *sets) {
      const auto is_wanted = [&](const std::optional<Name>& name) { return name && name->text() == text; };
      if (set.name == text || is_wanted(set.meta_file) || is_wanted(set.data) || is_wanted(set.xlog))
        return set;
      if (set.name.find(text) != std::string::npos) candidates.push_back(&set);
    }
  }
  for (const UnreadableSet& set : catalog.unreadable) {
    if (set.name == text || set.meta_file.text() == text) fail(Exit::damaged, "{}", set.reason);
  }
  if (candidates.size() == 1) return *candidates.front();
  if (candidates.size() > 1) {
    fail(Exit::usage, "{}: {} and {} are named so; give more of the name", text, candidates[0]->name,
         candidates[1]->name);
  }
  fail(Exit::usage, "{}: there is no such backup (--list shows them)", text);
}

SetNames names_of_set(const Name& meta_file, const Name& data) {
  for (const SetPart part : {SetPart::meta, SetPart::waiting}) {
    for (const TypePlace& place : places_of(meta_file.text(), name(part), false)) {
      if (place.with("data") == data.text()) return SetNames::of(meta_file, place.prefix.size(), name(part));
    }
  }
  fail(Exit::damaged, "{} and {} are not named as files of one set", meta_file.text(), data.text());
}

}  // namespace pitr
