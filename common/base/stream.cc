#include "common/base/stream.h"

#include <algorithm>
#include <cstring>

#include <fmt/ranges.h>

namespace pitr {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;  // small enough to stay in the processor's cache

}  // namespace

std::uint64_t copy(Source& from, Sink& to) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
  std::uint64_t total = 0;
  while (const std::size_t n = from.read({buffer.get(), buffer_size})) {
    to.write({buffer.get(), n});
    total += n;
  }
  return total;
}

std::size_t read_full(Source& from, std::span<std::byte> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t n = from.read(buffer.subspan(filled));
    if (n == 0) break;
    filled += n;
  }
  return filled;
}

bool same_bytes(Source& one, Source& other) {
  std::vector<std::byte> left(buffer_size);
  std::vector<std::byte> right(buffer_size);
  for (;;) {
    const std::size_t n = read_full(one, left);
    const auto end = left.begin() + static_cast<std::ptrdiff_t>(n);
    if (read_full(other, right) != n || !std::equal(left.begin(), end, right.begin())) return false;
    if (n == 0) return true;
  }
}

std::size_t MemorySource::read(std::span<std::byte> buffer) {
  const std::size_t n = std::min(buffer.size(), rest_.size());
  if (n > 0) std::memcpy(buffer.data(), rest_.data(), n);
  rest_ = rest_.subspan(n);
  return n;
}

void Tee::add(const Opener& open) {
  try {
    if (std::unique_ptr<Sink> branch = open()) branches_.push_back(std::move(branch));
  } catch (const Error& error) {
    note_failure(error);
  }
}

void Tee::write(Bytes bytes) {
  each([bytes](Sink& branch) { branch.write(bytes); });
  require_one();
}

void Tee::prepare() {
  each([](Sink& branch) { branch.prepare(); });
  require_one();
}

void Tee::require_one() const {
  // No branches and no failures: every opener has said that its place needs nothing. That is no error.
  if (branches_.empty() && !failures_.empty()) fail_with_all();
}

void Tee::finish() {
  each([](Sink& branch) { branch.finish(); });
  if (!failures_.empty()) fail_with_all();
}

void Tee::each(const std::function<void(Sink&)>& step) {
  for (std::unique_ptr<Sink>& branch : branches_) {
    try {
      step(*branch);
    } catch (const Error& error) {
      note_failure(error);
      branch.reset();  // abandoned now: what it began must not lie about until the others are done
    }
  }
  std::erase(branches_, nullptr);
}

void Tee::note_failure(const Error& error) {
  if (failures_.empty()) code_ = error.code();
  if (code_ != error.code()) code_ = Exit::failed;
  failures_.emplace_back(error.what());
}

void Tee::fail_with_all() const { throw Error(code_, fmt::format("{}", fmt::join(failures_, "; "))); }

}  // namespace pitr
