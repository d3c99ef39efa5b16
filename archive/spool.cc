#include "archive/spool.h"

#include <algorithm>

#include "common/wal/stored_name.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

}  // namespace

Spool::Spool(fs::path directory, std::uint64_t most, Openness openness)
    : directory_(std::move(directory)), most_(most), openness_(openness) {}

fs::path Spool::queue_path(const Place& place) const {
  std::string name;
  for (const char c : normal_form(place)) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '%') {
      name += "%25";
    } else {
      name += c;
    }
  }
  return directory_ / name;
}

fs::path Spool::lock_path(const Place& place) const { return queue_path(place).native() + ".lock"; }

bool Spool::is_behind(const Place& place) const { return has_waiting(queue_path(place)); }

bool Spool::has_waiting(const fs::path& queue) const {
  bool found = false;
  if (!is_there(queue)) return found;
  open_directory(queue, openness_)->list("", [&](const Name& name) {
    found = stored_name(name).has_value();
    return !found;
  });
  return found;
}

std::vector<fs::path> Spool::queues_of_nobody(const std::vector<Place>& destinations) const {
  std::vector<fs::path> queues;
  if (!is_there(directory_)) return queues;
  std::error_code code;
  for (fs::directory_iterator entry(directory_, code), end; !code && entry != end; entry.increment(code)) {
    const fs::path& queue = entry->path();
    const auto is_queue_of = [&](const Place& place) { return queue_path(place) == queue; };
    std::error_code gone;
    if (entry->is_directory(gone) && std::ranges::none_of(destinations, is_queue_of) && has_waiting(queue))
      queues.push_back(queue);
  }
  if (code) fail(Exit::failed, "list {}: {}", directory_.native(), errno_text(code.value()));
  return queues;
}

std::uint64_t Spool::used() const {
  std::uint64_t bytes = 0;
  if (!is_there(directory_)) return bytes;
  std::error_code code;
  for (fs::recursive_directory_iterator entry(directory_, code), end; !code && entry != end;
       entry.increment(code)) {
    std::error_code gone;  // delivered meanwhile
    const auto size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  if (code) fail(Exit::failed, "list {}: {}", directory_.native(), errno_text(code.value()));
  return bytes;
}

void Spool::require_room(std::uint64_t bytes, const Place& place) const {
  const std::uint64_t waiting = used();
  if (waiting + bytes <= most_) return;
  fail(Exit::failed,
       "{} is full: {} bytes wait in it, --spool-max is {}; until {} has got what waits for it, it must get "
       "every file at once",
       directory_.native(), waiting, most_, place.place);
}

std::unique_ptr<Store> Spool::queue(const Place& place) const {
  create_directories(queue_path(place), openness_.directory);
  return open_directory(queue_path(place), openness_);
}

std::vector<WalName> Spool::waiting(const Place& place) const {
  std::vector<WalName> names;
  if (!is_there(queue_path(place))) return names;
  open_directory(queue_path(place), openness_)->list("", [&](const Name& name) {
    if (const auto stored = stored_name(name)) names.push_back(stored->wal);
    return true;
  });
  // "00000001…" < "00000002.history" < "00000002…": a history before what follows it.
  std::ranges::sort(names, {}, [](const WalName& name) { return name.text(); });
  return names;
}

}  // namespace pitr
