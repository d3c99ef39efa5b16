#pragma once

#include <filesystem>
#include <memory>

#include "archive/archive.h"

namespace pitr {

// One file, and what all its destinations share.
struct Job {
  std::filesystem::path path;
  WalName name;
  const ArchivedCluster& cluster;
  const ArchiveTargets& targets;
  std::size_t workers;
  Log& log;
};

// What the server has written must be in a file of this name.
WalExpectation expectation(const Job& job);

// Is the file there already, under any suffix? Then it is made durable; different content throws. Content
// that is known, because an earlier call has put it there, is not read back.
enum class Present { no, identical };
enum class Content { compared, known };
Present look_for(Store& store, const Job& job, Content content = Content::compared);

// The way of the file into the store, in this codec; null when it is there already. When another archiver
// publishes the same name first, its file must be identical.
std::unique_ptr<Sink> deliver_to(std::shared_ptr<Store> store, Codec codec, const Job& job,
                                 Content content = Content::compared);

}  // namespace pitr
