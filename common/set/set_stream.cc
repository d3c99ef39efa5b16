#include "common/set/set_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "common/codec/crc32c.h"
#include "common/os/background.h"
#include "common/os/block_pipeline.h"
#include "common/os/file_source.h"
#include "common/os/signals.h"
#include "common/store/decompressed_file.h"

namespace pitr {
namespace {

// What a worker has to know of a block goes before its bytes.
struct BlockFacts {
  std::uint32_t crc32c, raw_size;
};

void expand_block(Codec codec, const std::string& file, const BlockFacts& facts, Bytes stored,
                  std::vector<std::byte>& result) {
  if (crc32c(0, stored) != facts.crc32c) fail(Exit::damaged, "{}: a block of it is damaged (CRC-32C)", file);
  decompress_block(codec, file, stored, facts.raw_size, result);
}

void read_exactly(Source& from, std::span<std::byte> buffer, const std::string& file) {
  if (read_full(from, buffer) != buffer.size()) fail(Exit::damaged, "{}: shorter than the index says", file);
}

void expand_blocks(Source& stored, const IndexedFile& file, std::size_t workers, const std::string& called,
                   Sink& to) {
  std::uint32_t largest = 0;
  for (const IndexedBlock& block : file.blocks) largest = std::max(largest, block.stored_size);
  BlockPipeline pipeline(
      sizeof(BlockFacts) + largest, workers,
      [&](std::size_t, Bytes bytes, std::vector<std::byte>& result) {
        if (bytes.empty()) return result.clear();  // what the end of the stream looks like
        BlockFacts facts;
        std::memcpy(&facts, bytes.data(), sizeof facts);
        expand_block(file.codec, called, facts, bytes.subspan(sizeof facts), result);
      },
      [&](Bytes, Bytes result) { to.write(result); });
  std::vector<std::byte> buffer(largest);
  for (const IndexedBlock& block : file.blocks) {
    throw_if_signalled();
    const auto bytes = std::span(buffer).first(block.stored_size);
    read_exactly(stored, bytes, called);
    const BlockFacts facts{block.crc32c, block.raw_size};
    pipeline.write(std::as_bytes(std::span(&facts, 1)));
    pipeline.write(bytes);
    pipeline.end_block();
  }
  pipeline.finish();
  std::byte more;
  if (stored.read(std::span(&more, 1)) != 0) fail(Exit::damaged, "{}: longer than the index says", called);
}

std::unique_ptr<Source> open_stored(Store& store, const Name& name) {
  auto stored = store.open(name);
  if (!stored) fail(Exit::damaged, "{}: it is missing", store.describe(name));
  return stored;
}

const IndexedFile* with_blocks(const std::vector<IndexedFile>& index, const Name& name) {
  const auto found = std::ranges::find(index, name.text(), &IndexedFile::name);
  return found == index.end() || found->blocks.empty() ? nullptr : &*found;
}

void skip(Source& from, std::uint64_t bytes, const std::string& file) {
  if (const auto* regular = dynamic_cast<FileSource*>(&from)) {
    if (::lseek(regular->fd().number(), static_cast<off_t>(bytes), SEEK_CUR) < 0) {
      fail(Exit::failed, "seek in {}: {}", file, errno_text(errno));
    }
    return;
  }
  std::vector<std::byte> buffer(256 * 1024);
  while (bytes > 0) {
    const std::size_t n = std::min<std::uint64_t>(bytes, buffer.size());
    read_exactly(from, std::span(buffer).first(n), file);
    bytes -= n;
  }
}

}  // namespace

std::unique_ptr<Source> open_set_file(Store& store, const Name& name, const std::vector<IndexedFile>& index,
                                      std::size_t workers) {
  const IndexedFile* file = with_blocks(index, name);
  if (file == nullptr) return decompressed(codec_of(name), store.describe(name), open_stored(store, name));
  // Shared: std::function wants to be copyable.
  const std::shared_ptr<Source> stored = open_stored(store, name);
  return in_background([stored, file, workers, called = store.describe(name)](Sink& to) {
    expand_blocks(*stored, *file, workers, called, to);
  });
}

std::string read_set_range(Store& store, const Name& name, const std::vector<IndexedFile>& index,
                           std::uint64_t offset, std::uint64_t size) {
  const std::string called = store.describe(name);
  std::string result;
  StringSink sink(result);
  const IndexedFile* file = with_blocks(index, name);
  if (file == nullptr) {
    const auto source = decompressed(codec_of(name), called, open_stored(store, name));
    skip(*source, offset, called);
    result.resize(size);
    read_exactly(*source, std::as_writable_bytes(std::span(result)), called);
    return result;
  }
  std::uint64_t first = 0;
  for (const IndexedBlock& block : file->blocks) {
    if (block.raw_offset + block.raw_size <= offset || block.raw_offset >= offset + size) continue;
    if (result.empty()) first = block.raw_offset;
    const auto stored = open_stored(store, name);
    skip(*stored, block.stored_offset, called);
    std::vector<std::byte> bytes(block.stored_size), raw;
    read_exactly(*stored, bytes, called);
    expand_block(file->codec, called, {block.crc32c, block.raw_size}, bytes, raw);
    sink.write(raw);
  }
  if (offset + size > first + result.size()) fail(Exit::damaged, "{}: shorter than the index says", called);
  return result.substr(offset - first, size);
}

}  // namespace pitr
