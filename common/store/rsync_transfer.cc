#include "common/store/rsync_transfer.h"

#include <unistd.h>

#include <cerrno>

#include "common/os/file_source.h"
#include "common/os/sized_source.h"
#include "common/os/temporary_directory.h"

namespace pitr {
namespace {

class RsyncSource final : public SizedSource {
 public:
  RsyncSource(std::shared_ptr<RsyncModule> module, const Name& name, std::uint64_t size)
      : module_(std::move(module)), name_(name), size_(size) {}

  std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<std::byte> buffer) override {
    if (!file_) in_context("read " + module_->client.place() + "/" + name_.text(), [&] { fetch(); });
    return file_->read(buffer);
  }

 private:
  void fetch() {
    const TemporaryDirectory directory(module_->temporary_directory);
    // Named from the module on: a daemon of 3.5.0 that has gone into a directory for a list of names finds
    // none.
    RsyncClient::Command command{{"--files-from=-", "--from0", "--no-relative", "--whole-file", "--perms",
                                  "--chmod=F600", "--outbuf=N", "--info=progress2"}};
    const std::string names = module_->client.in_module(name_) + '\0';
    command.names = names;
    command.silent_bytes = size_;
    // Else ours would take the name for a pattern, and refuse what comes as something that it never asked
    // for.
    const bool is_pattern = name_.text().find_first_of("*?[\\") != std::string::npos;
    if (is_pattern) command.arguments.emplace_back("--trust-sender");
    command.arguments.insert(command.arguments.end(),
                             {"--", module_->client.module(), (directory.path() / ".").native()});
    module_->client.run_or_fail(command);
    file_ = std::make_unique<FileSource>(open_regular(directory.path() / name_.text()));
    if (file_->size() != size_) fail(Exit::failed, "{} bytes came of {}", file_->size(), size_);
  }

  std::shared_ptr<RsyncModule> module_;
  Name name_;
  std::uint64_t size_;
  std::unique_ptr<FileSource> file_;  // it has lost its name already
};

// Runs rsync with the content as the file NAME, and with the words that all sending has.
RsyncClient::Result run_with(const RsyncModule& module, const SpoolFile& content, const std::string& name,
                             RsyncClient::Command command) {
  const TemporaryDirectory directory(module.temporary_directory);
  // Content without a name, which rsync has as its stdin: only a link lies in a directory.
  const std::filesystem::path link = directory.path() / "." / name;
  if (::symlink("/proc/self/fd/0", link.c_str()) != 0) {
    fail(Exit::failed, "symlink {}: {}", link.native(), errno_text(errno));
  }
  // --relative: with it no missing directory is created.
  command.arguments.insert(
      command.arguments.end(),
      {"--relative", "--copy-links", "--perms", fmt::format("--chmod=F{:o}", module.mode), "-ii",
       "--out-format=%i|%n", "--", link.native(), module.client.directory()});
  command.input = &content.fd();
  command.silent_bytes = content.size();
  return module.client.run(command);
}

}  // namespace

std::unique_ptr<Source> receive(std::shared_ptr<RsyncModule> module, const Name& name, std::uint64_t size) {
  return std::make_unique<RsyncSource>(std::move(module), name, size);
}

bool send(RsyncModule& module, const SpoolFile& content, const std::string& name) {
  bool sent = false;
  const auto attempt = [&] {
    RsyncClient::Command command{{"--whole-file", "--ignore-existing", "--outbuf=N", "--info=progress2"}};
    if (module.has_fsync) command.arguments.emplace_back("--fsync");
    command.each = [&](const std::string& line) { sent = sent || line.starts_with("<f+++++++++"); };
    return run_with(module, content, name, std::move(command));
  };
  RsyncClient::Result result = attempt();
  // Refused by an old rsync here, an old one there, or the daemon's configuration: each names it.
  if (result.status != 0 && module.has_fsync && result.said.find("--fsync") != std::string::npos) {
    module.has_fsync = false;
    result = attempt();
  }
  if (result.status != 0) fail(Exit::failed, "{}", result.reason());
  return sent;
}

bool has_sent(const RsyncModule& module, const SpoolFile& content, const std::string& name) {
  bool same = false;
  bool other = false;
  RsyncClient::Command command{{"--checksum", "--dry-run"}};
  command.each = [&](const std::string& line) {
    same = same || line.starts_with(".f");
    other = other || line.starts_with("<f");
  };
  const RsyncClient::Result result = run_with(module, content, name, std::move(command));
  if (result.status != 0) fail(Exit::failed, "check what was sent: {}", result.reason());
  if (!same && !other) fail(Exit::failed, "rsync does not say whether it is there");
  return same;
}

}  // namespace pitr
