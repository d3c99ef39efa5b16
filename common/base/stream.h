#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace pitr {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Where bytes come from. Pulled, only at the head of a chain.
class Source {
 public:
  virtual ~Source() = default;
  // Fills the front of `buffer` (never empty) and returns how much; 0 is the end, never an error. Throws
  // Error.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
  // In bytes, from the beginning to the end, before anything is read. Null: only its end tells.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
};

// Where bytes go to. A filter is a Sink that owns the next Sink; the last one is a destination.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Bytes bytes) = 0;
  // All bytes are there: does what finish() can do before a name appears, so that only the publishing is left
  // for it. Nobody has to call this. What throws here is abandoned, as when finish() throws.
  virtual void prepare() {}
  // All bytes are there: returns when they are durable under their name, at every stage of the chain.
  // A Sink destroyed without finish() abandons everything that was written.
  virtual void finish() = 0;
};

// Moves everything; returns the number of bytes. Does not call finish().
std::uint64_t copy(Source& from, Sink& to);

// Fills the whole buffer unless the source ends first; returns how much.
std::size_t read_full(Source& from, std::span<std::byte> buffer);

// Have both the same bytes from here to their ends?
bool same_bytes(Source& one, Source& other);

// A source over bytes that the caller keeps alive.
class MemorySource final : public Source {
 public:
  explicit MemorySource(Bytes bytes) : rest_(bytes) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  Bytes rest_;
};

// Collects what is written in a string that the caller keeps alive.
class StringSink final : public Sink {
 public:
  explicit StringSink(std::string& text) : text_(text) {}
  void write(Bytes bytes) override {
    text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void finish() override {}

 private:
  std::string& text_;
};

// The end of a chain that does not own its sink.
class BorrowedSink final : public Sink {
 public:
  explicit BorrowedSink(Sink& sink) : sink_(sink) {}
  void write(Bytes bytes) override { sink_.write(bytes); }
  void prepare() override { sink_.prepare(); }
  void finish() override { sink_.finish(); }

 private:
  Sink& sink_;
};

// Swallows everything: the end of a chain whose filters are the purpose.
class NullSink final : public Sink {
 public:
  void write(Bytes) override {}
  void finish() override {}
};

// One stream into many branches. A branch that fails is abandoned and the others go on; finish() finishes the
// rest and then throws one Error that names every failure, joined by "; ". When all have failed, write()
// throws it at once.
class Tee final : public Sink {
 public:
  using Opener = std::function<std::unique_ptr<Sink>()>;

  // Opening is part of the branch: what `open` throws is a failure of this branch only. A null result is a
  // branch that needs nothing. The Tee adds nothing to a message: the branch's errors name their object.
  void add(const Opener& open);
  void write(Bytes bytes) override;
  void prepare() override;  // throws as write() does
  void finish() override;

  bool empty() const { return branches_.empty(); }
  // The messages of the branches that failed so far, in order.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  void each(const std::function<void(Sink&)>& step);
  void note_failure(const Error& error);
  void require_one() const;
  [[noreturn]] void fail_with_all() const;

  std::vector<std::unique_ptr<Sink>> branches_;
  std::vector<std::string> failures_;
  Exit code_ = Exit::failed;  // what all failures have in common, else failed
};

}  // namespace pitr
