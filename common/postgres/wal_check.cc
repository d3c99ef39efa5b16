#include "common/postgres/wal_check.h"

#include <algorithm>

#include "common/postgres/timeline_history.h"

namespace pitr {
namespace {

// Reads the header from the first bytes, counts the rest.
class SegmentCheck final : public Sink {
 public:
  SegmentCheck(WalExpectation expected, std::unique_ptr<Sink> next)
      : expected_(std::move(expected)), next_(std::move(next)) {}

  void write(Bytes bytes) override {
    if (start_.size() < wal_page_header_size) {
      const Bytes missing = bytes.first(std::min(bytes.size(), wal_page_header_size - start_.size()));
      start_.insert(start_.end(), missing.begin(), missing.end());
      if (start_.size() == wal_page_header_size && expected_.check_header) check_header();
    }
    size_ += bytes.size();
    if (size_ > largest_) bad(fmt::format("longer than a segment of {} bytes", largest_));
    next_->write(bytes);
  }

  void prepare() override {
    check_end();
    next_->prepare();
  }
  void finish() override {
    check_end();
    next_->finish();
  }

 private:
  void check_end() const {
    const bool complete =
        expected_.check_header ? size_ == largest_ && size_ > 0 : SegmentSize::of(size_).has_value();
    if (!complete) bad(fmt::format("{} bytes long, which is no whole segment", size_));
  }

  [[noreturn]] void bad(const std::string& reason) const {
    fail(Exit::damaged, "WAL segment {}: {}", expected_.name.text(), reason);
  }

  void check_header() {
    const auto header = parse_wal_page_header(start_);
    if (!header) bad("it does not start with a WAL page header");
    largest_ = header->segment_size.bytes();
    const auto start = expected_.name.start(header->segment_size);
    if (!start) bad(fmt::format("no such name exists with segments of {} bytes", largest_));
    if (header->page_address != *start) {
      bad(fmt::format("the bytes are those of position {}, the name says {}", to_string(header->page_address),
                      to_string(*start)));
    }
    if (header->timeline > expected_.name.timeline()) {
      bad(fmt::format("the bytes are of timeline {}", number(header->timeline)));
    }
    if (expected_.system_identifier && header->system_identifier != *expected_.system_identifier) {
      bad(fmt::format("it belongs to cluster {}, not to {}", header->system_identifier,
                      *expected_.system_identifier));
    }
    if (expected_.inspect) expected_.inspect(*header);
  }

  WalExpectation expected_;
  std::unique_ptr<Sink> next_;
  std::vector<std::byte> start_;
  std::uint64_t size_ = 0;
  std::uint64_t largest_ = 1ULL << 30;
};

// History and .backup files are small text: held until the end, then judged.
class TextCheck final : public Sink {
 public:
  TextCheck(WalExpectation expected, std::unique_ptr<Sink> next)
      : expected_(std::move(expected)), next_(std::move(next)) {}

  void write(Bytes bytes) override {
    constexpr std::size_t largest = 1 << 20;
    if (text_.size() + bytes.size() > largest) {
      fail(Exit::damaged, "{}: longer than {} bytes", expected_.name.text(), largest);
    }
    text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  void prepare() override {
    pass();
    next_->prepare();
  }
  void finish() override {
    pass();
    next_->finish();
  }

 private:
  void pass() {
    if (passed_) return;
    if (expected_.name.kind() == WalKind::history) {
      parse_timeline_history(expected_.name, text_);
    } else if (!text_.starts_with("START WAL LOCATION: ") || !text_.ends_with('\n')) {
      fail(Exit::damaged, "{}: not a backup history file", expected_.name.text());
    }
    next_->write(as_bytes(text_));
    passed_ = true;
  }

  WalExpectation expected_;
  std::unique_ptr<Sink> next_;
  std::string text_;
  bool passed_ = false;
};

}  // namespace

std::unique_ptr<Sink> check_wal(WalExpectation expected, std::unique_ptr<Sink> next) {
  switch (expected.name.kind()) {
    case WalKind::segment:
    case WalKind::partial:
      return std::make_unique<SegmentCheck>(std::move(expected), std::move(next));
    case WalKind::history:
    case WalKind::backup:
      return std::make_unique<TextCheck>(std::move(expected), std::move(next));
  }
  __builtin_unreachable();
}

}  // namespace pitr
