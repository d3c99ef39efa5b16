#include "common/postgres/page_image.h"

#include <string>

#include <doctest/doctest.h>

#include "common/postgres/page.h"

using namespace pitr;

namespace {

WalBlock image(ImageCompression compression, const std::string& bytes, std::uint16_t hole_offset,
               std::uint16_t hole_length) {
  WalBlock block{};
  block.image = as_bytes(bytes);
  block.compression = compression;
  block.hole_offset = hole_offset;
  block.hole_length = hole_length;
  return block;
}

}  // namespace

TEST_CASE("the hole of an image comes back as zeros") {
  const std::string bytes = std::string(30, 'a') + std::string(70, 'b');
  const auto page = page_of_image(image(ImageCompression::none, bytes, 30, page_size - 100));
  REQUIRE(page);
  REQUIRE(page->size() == page_size);
  CHECK((*page)[29] == std::byte{'a'});
  CHECK((*page)[30] == std::byte{0});
  CHECK((*page)[page_size - 70] == std::byte{'b'});
}

TEST_CASE("an image that PostgreSQL compressed itself is expanded") {
  // Eight bytes of which the last is a repetition: "abc", then 5 bytes from 3 back.
  const std::string bytes = std::string("\x08") + "abc" + std::string("\x02\x03", 2);
  const auto page = page_of_image(image(ImageCompression::pglz, bytes, 0, page_size - 8));
  REQUIRE(page);
  CHECK(std::string(reinterpret_cast<const char*>(page->data() + page_size - 8), 8) == "abcabcab");
}

TEST_CASE("an image that is no page is none") {
  const std::string bytes(100, 'a');
  CHECK_FALSE(page_of_image(image(ImageCompression::none, bytes, 0, 100)));
  CHECK_FALSE(page_of_image(image(ImageCompression::none, bytes, page_size, page_size - 100)));
  for (const auto compression : {ImageCompression::pglz, ImageCompression::lz4, ImageCompression::zstd}) {
    CHECK_FALSE(page_of_image(image(compression, bytes, 0, 0)));
    CHECK_FALSE(page_of_image(image(compression, "", 0, 0)));
  }
  // A repetition of what is not there yet.
  CHECK_FALSE(page_of_image(image(ImageCompression::pglz, std::string("\x01\x05\x09", 3), 0, page_size - 8)));
}
