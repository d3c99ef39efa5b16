#include "monitor/verify/stored_file.h"

#include <algorithm>
#include <cstring>

#include "common/codec/crc32c.h"
#include "common/codec/digest.h"
#include "common/os/background.h"
#include "common/os/block_pipeline.h"
#include "common/os/fd.h"
#include "common/os/file_source.h"
#include "common/store/decompressed_file.h"

namespace pitr {
namespace {

constexpr std::size_t piece_size = 256 * 1024;

std::unique_ptr<Source> open_required(Store& store, const Name& name) {
  auto source = store.open(name);
  if (!source) fail(Exit::failed, "{}: it has gone while it was looked at", store.describe(name));
  return source;
}

class Digests {
 public:
  explicit Digests(const std::vector<std::string>& algorithms) {
    for (const std::string& algorithm : algorithms) rows_.emplace_back(algorithm, Digest(algorithm));
  }
  void update(Bytes bytes) {
    for (auto& [algorithm, digest] : rows_) digest.update(bytes);
  }
  void finish(StoredFacts& facts) {
    for (auto& [algorithm, digest] : rows_) facts.digests.emplace_back(algorithm, digest.hex());
  }

 private:
  std::vector<std::pair<std::string, Digest>> rows_;
};

// A stream that is not told in blocks, digested on its way.
class DigestingSource final : public Source {
 public:
  DigestingSource(std::unique_ptr<Source> from, const std::vector<std::string>& algorithms,
                  std::shared_ptr<StoredFacts> facts)
      : from_(std::move(from)), digests_(algorithms), facts_(std::move(facts)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t n = from_->read(buffer);
    digests_.update(Bytes(buffer).first(n));
    facts_->size += n;
    if (n == 0 && !std::exchange(ended_, true)) digests_.finish(*facts_);
    return n;
  }

 private:
  std::unique_ptr<Source> from_;
  Digests digests_;
  std::shared_ptr<StoredFacts> facts_;
  bool ended_ = false;
};

// Checks blocks on worker threads. A block travels with its number in front of its bytes.
class BlockChecker {
 public:
  using Deliver = std::function<void(Bytes)>;

  BlockChecker(const IndexedFile& file, std::size_t workers, StoredFacts& facts, const Deliver& deliver)
      : file_(file),
        facts_(facts),
        pipeline_(
            largest(file) + number_size, workers,
            [this](std::size_t, Bytes block, std::vector<std::byte>& result) { check(block, result); },
            [deliver](Bytes, Bytes result) {
              if (deliver) deliver(result);
            }) {}

  void add(std::uint64_t number, Bytes stored) {
    pipeline_.write(std::as_bytes(std::span(&number, 1)));
    pipeline_.write(stored);
    pipeline_.end_block();
  }
  void finish() { pipeline_.finish(); }

 private:
  static constexpr std::size_t number_size = sizeof(std::uint64_t);

  static std::size_t largest(const IndexedFile& file) {
    std::size_t size = 0;
    for (const IndexedBlock& block : file.blocks) size = std::max<std::size_t>(size, block.stored_size);
    return size;
  }

  void check(Bytes numbered, std::vector<std::byte>& result) {
    if (numbered.size() < number_size) return result.clear();  // the empty block at the end of the pipeline
    std::uint64_t number = 0;
    std::memcpy(&number, numbered.data(), number_size);
    const IndexedBlock& block = file_.blocks[number];
    const auto damage = damage_of(block, numbered.subspan(number_size), result);
    if (!damage) return;
    facts_.add({block.stored_offset, block.raw_offset, block.raw_offset + block.raw_size, *damage});
    result.assign(block.raw_size, std::byte{0});
  }

  std::optional<std::string> damage_of(const IndexedBlock& block, Bytes stored,
                                       std::vector<std::byte>& result) const {
    if (const std::uint32_t crc = crc32c(0, stored); crc != block.crc32c) {
      return fmt::format("CRC-32C of {} bytes is {}, the index says {}", stored.size(), crc32c_hex(crc),
                         crc32c_hex(block.crc32c));
    }
    try {
      decompress_block(file_.codec, file_.name, stored, block.raw_size, result);
      return std::nullopt;
    } catch (const Error& error) {
      return error.what();
    }
  }

  const IndexedFile& file_;
  StoredFacts& facts_;
  BlockPipeline pipeline_;
};

void read_blocks(Source& from, const IndexedFile& file, std::size_t workers, Digests& digests,
                 StoredFacts& facts, Sink& to) {
  BlockChecker checker(file, workers, facts, [&](Bytes raw) { to.write(raw); });
  std::vector<std::byte> buffer;
  for (std::uint64_t i = 0; i < file.blocks.size(); ++i) {
    buffer.resize(file.blocks[i].stored_size);
    const std::size_t n = read_full(from, buffer);
    digests.update(Bytes(buffer).first(n));
    facts.size += n;
    // Its size tells that it was cut off; there is nothing to say about the block.
    if (n < buffer.size()) break;
    checker.add(i, buffer);
  }
  checker.finish();
  buffer.resize(piece_size);
  while (const std::size_t n = from.read(buffer)) {
    digests.update(Bytes(buffer).first(n));
    facts.size += n;
  }
  digests.finish(facts);
}

// Fills `buffer` from `offset` on; false: the file ends before. A file of this host is read at the offset;
// one of another host from its start, where `at` is how far it was read already.
bool read_part(Source& source, std::uint64_t& at, std::uint64_t offset, std::span<std::byte> buffer) {
  if (const auto* file = dynamic_cast<FileSource*>(&source)) {
    std::size_t n = 0;
    while (n < buffer.size()) {
      const std::size_t got = read_at(file->fd(), buffer.subspan(n), offset + n);
      if (got == 0) break;
      n += got;
    }
    return n == buffer.size();
  }
  std::vector<std::byte> skipped(256 * 1024);
  while (at < offset) {
    const std::size_t got =
        source.read(std::span(skipped).first(std::min<std::uint64_t>(skipped.size(), offset - at)));
    if (got == 0) return false;
    at += got;
  }
  const std::size_t n = read_full(source, buffer);
  at += n;
  return n == buffer.size();
}

}  // namespace

void StoredFacts::add(BadBlock block) {
  const std::lock_guard lock(mutex_);
  bad_blocks_.push_back(std::move(block));
}

std::vector<StoredFacts::BadBlock> StoredFacts::bad_blocks() const {
  const std::lock_guard lock(mutex_);
  auto sorted = bad_blocks_;
  std::ranges::sort(sorted, {}, &BadBlock::stored_offset);
  return sorted;
}

bool StoredFacts::touches(std::uint64_t raw_begin, std::uint64_t raw_end) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(bad_blocks_, [&](const BadBlock& block) {
    return block.raw_begin < raw_end && raw_begin < block.raw_end;
  });
}

std::unique_ptr<Source> read_stored(Store& store, const Name& name, const IndexedFile* indexed,
                                    std::size_t workers, const std::vector<std::string>& algorithms,
                                    std::shared_ptr<StoredFacts> facts) {
  if (indexed == nullptr || indexed->blocks.empty()) {
    const Codec codec = indexed != nullptr ? indexed->codec : codec_of(name);
    return decompressed(
        codec, store.describe(name),
        std::make_unique<DigestingSource>(open_required(store, name), algorithms, std::move(facts)));
  }
  return in_background([&store, name, indexed, workers, algorithms, facts](Sink& to) {
    Digests digests(algorithms);
    read_blocks(*open_required(store, name), *indexed, workers, digests, *facts, to);
  });
}

void check_sample(Store& store, const Name& name, const IndexedFile& indexed, std::size_t workers,
                  const Sample& sample, StoredFacts& facts) {
  const auto source = open_required(store, name);
  BlockChecker checker(indexed, workers, facts, {});
  std::vector<std::byte> buffer;
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < indexed.blocks.size(); ++i) {
    const IndexedBlock& block = indexed.blocks[i];
    if (!sample.has(i)) continue;
    buffer.resize(block.stored_size);
    if (read_part(*source, at, block.stored_offset, buffer)) checker.add(i, buffer);
  }
  checker.finish();
}

std::optional<std::uint64_t> stored_size(Store& store, const Name& name) {
  const auto source = store.open(name);
  if (!source) return std::nullopt;
  const auto size = source->size();
  if (!size) fail(Exit::failed, "{}: its size cannot be had", store.describe(name));
  return size;
}

}  // namespace pitr
