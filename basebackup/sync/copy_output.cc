#include "basebackup/sync/copy_output.h"

#include <atomic>

#include "basebackup/copying/directory.h"
#include "common/os/file.h"
#include "common/os/parallel_for.h"
#include "common/os/signals.h"
#include "common/os/text_file.h"

namespace pitr {
namespace {

constexpr std::string_view copy_script =
#include "sync_far_side.inc"
    ;
constexpr std::size_t block_size = 1024 * 1024;

std::string host_part(const std::string& place) { return place.substr(0, place.find(':')); }

std::string directory_part(const std::string& place) {
  const std::filesystem::path path =
      std::filesystem::path(place.substr(place.find(':') + 1) + "/").lexically_normal();
  return path == "/" ? "/" : path.parent_path().native();
}

// The same on another host means: it is the same directory of the same host.
std::string identity(const std::filesystem::path& path) {
  std::string boot = read_text_if_there("/proc/sys/kernel/random/boot_id", 0);
  while (boot.ends_with('\n')) boot.pop_back();
  const auto status = status_if_there(path);
  return status ? fmt::format("{} {}:{}", boot, status->st_dev, status->st_ino) : boot + " ";
}

}  // namespace

std::string host_of(const std::string& place) {
  const std::string host = host_part(place);
  return host.substr(host.find('@') + 1);  // npos + 1 is 0
}

CopyOutput::CopyOutput(const std::string& place, const Remote& remote, const FarPrograms& programs)
    : place_(place),
      remote_(remote),
      rsync_(programs.rsync),
      session_(host_part(place), directory_part(place), remote, copy_script) {
  ask({"programs", programs.tar, programs.decompressor, programs.rsync.program, programs.another});
}

std::string CopyOutput::ask(std::initializer_list<std::string_view> lines) {
  return in_context(place_, [&] {
    session_.send(lines);
    std::string reply = session_.reply();
    constexpr std::string_view refused = "refused ";
    if (reply.starts_with(refused)) fail(Exit::usage, "{}", reply.substr(refused.size()));
    return reply;
  });
}

std::vector<std::string> CopyOutput::look(const Cluster& cluster,
                                          const std::vector<CopiedTablespace>& tablespaces) {
  constexpr std::string_view holds = "holds ";
  std::vector<std::string> lines;
  const auto describe = [&](const std::string& place, const std::string& reply, std::string_view what) {
    if (reply.starts_with(holds)) {
      const std::string found = reply.substr(holds.size());
      lines.push_back(
          rsync_.program.empty()
              ? fmt::format("remove  {}: {}", place, found)
              : fmt::format("update  {}: {} (what the original has not is removed)", place, found));
    }
    lines.push_back(fmt::format("write   {}: {}", place, what));
  };
  const std::string reply = ask({"look", identity(cluster.data_directory)});
  for (const CopiedTablespace& each : tablespaces) {
    if (!rsync_.program.empty() && lies_within(each.target, directory_part(place_))) {
      fail(Exit::usage, "tablespace {} would lie in {}, not with --rsync: give --map", each.original.native(),
           place_);
    }
    const std::string place = host_part(place_) + ":" + each.target.native();
    const std::string its_reply = in_context("tablespace " + each.target.native(), [&] {
      return ask(
          {"tablespace", each.target.native(), cluster.walk.version_directory, identity(each.original)});
    });
    describe(place, its_reply, "the tablespace " + each.original.native());
  }
  describe(place_, reply, "the data directory " + cluster.data_directory.native());
  return lines;
}

void CopyOutput::clear() { ask({rsync_.program.empty() ? "clear" : "keep"}); }

void CopyOutput::prune(SpoolFile& names) {
  verb_ = "prune";
  copy(*names.reader(), *this);
  finish();
  verb_ = "unpack";
}

void CopyOutput::send(const FileLists& lists) const {
  in_context(place_, [&] {
    for (const FileTree& tree : lists.trees) {
      const std::string directory = tree.target == "." ? directory_part(place_) : tree.target;
      send_differences(tree, host_part(place_) + ":" + directory, remote_, rsync_);
    }
  });
}

void CopyOutput::write(Bytes bytes) {
  while (!bytes.empty()) {
    const Bytes part = bytes.first(std::min(bytes.size(), block_size - block_.size()));
    block_.append(reinterpret_cast<const char*>(part.data()), part.size());
    bytes = bytes.subspan(part.size());
    if (block_.size() == block_size) send_block();
  }
}

void CopyOutput::send_block() {
  in_context(place_, [&] {
    try {
      if (!begun_) session_.send({verb_});
      begun_ = true;
      if (block_.empty()) return;
      session_.send({fmt::format("{}", block_.size())});
      session_.send_bytes(as_bytes(block_));
    } catch (const Error&) {
      session_.reply();  // throws what the far side has to say of it
      throw;
    }
  });
  block_.clear();
}

void CopyOutput::finish() {
  send_block();
  ask({"end"});
  begun_ = false;
}

CopyOutputs::CopyOutputs(std::vector<std::unique_ptr<CopyOutput>> outputs, Log& log)
    : log_(log), outputs_([this](const Error& error, const CopyOutput* dropped) {
        throw_if_signalled();
        log_.error("{}; this output drops out", error.what());
        if (begun_ && dropped != nullptr) tell_what_is_left(*dropped);
      }) {
  for (auto& output : outputs) outputs_.add(std::move(output));
}

CopyOutputs::~CopyOutputs() {
  if (!begun_ || finished_) return;
  for (const CopyOutput* output : outputs_.left()) tell_what_is_left(*output);
}

void CopyOutputs::tell_what_is_left(const CopyOutput& output) {
  log_.error("{} holds a part of a copy, which no server starts from (pitr-sync.unfinished is in it)",
             output.place());
}

void CopyOutputs::clear() {
  outputs_.each([](CopyOutput& output) { output.clear(); });
  begun_ = true;
}

void CopyOutputs::bring(FileLists& lists, const std::function<void()>& meanwhile) {
  outputs_.each([&](CopyOutput& output) { output.prune(lists.names); });
  // At once: what one of them reads here, the others find in memory.
  const std::vector<CopyOutput*> all = outputs_.left();
  const std::size_t count = all.size();
  std::vector<std::exception_ptr> failures(count);
  std::atomic<std::size_t> running = count;
  std::atomic<bool> given_up = false;
  const auto send = [&](std::size_t i) {
    give_up_when(&given_up);
    try {
      all[i]->send(lists);
    } catch (...) {
      failures[i] = std::current_exception();
    }
    give_up_when(nullptr);
    --running;
  };
  const auto wait = [&] {
    try {
      for (; running > 0; pause_for(0.2)) meanwhile();
    } catch (...) {
      given_up = true;
      throw;
    }
  };
  parallel_for(count + 1, count + 1, [&](std::size_t i) { i < count ? send(i) : wait(); });
  auto failure = failures.begin();
  outputs_.each([&](CopyOutput&) {
    if (const std::exception_ptr own = *failure++) std::rethrow_exception(own);
  });
}

void CopyOutputs::write(Bytes bytes) {
  outputs_.each([&](CopyOutput& output) { output.write(bytes); });
}

void CopyOutputs::finish() {
  outputs_.each([](CopyOutput& output) { output.finish(); });
  finished_ = true;
}

}  // namespace pitr
