#include <algorithm>
#include <cctype>

#include "common/base/line_reader.h"
#include "common/os/file_source.h"
#include "common/os/temporary_directory.h"
#include "common/store/rsync_command.h"

namespace pitr {
namespace {

using Clock = std::chrono::system_clock;

// Nobody can tell whether the rsync that wrote a temporary file lives; one of that age has been still
// for long.
constexpr std::chrono::hours long_dead(24);

std::string zero_terminated(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) (text += name) += '\0';
  return text;
}

// rsync cannot stream: the file is fetched as a whole, at the first read(). Throws when it has not `size`
// bytes.
class RsyncSource final : public Source {
 public:
  RsyncSource(std::shared_ptr<RsyncModule> module, const Name& name, std::uint64_t size)
      : module_(std::move(module)), name_(name), size_(size) {}

  std::optional<std::uint64_t> size() const override { return size_; }
  std::size_t read(std::span<std::byte> buffer) override {
    if (!file_) in_context("read " + module_->place() + "/" + name_.text(), [&] { fetch(); });
    return file_->read(buffer);
  }

 private:
  void fetch() {
    const TemporaryDirectory directory(module_->temporary_directory());
    // Named from the module on: a daemon of 3.5.0 that has gone into a directory for a list of names finds
    // none.
    RsyncCommand command{{"--files-from=-", "--from0", "--no-relative", "--whole-file", "--perms",
                          "--chmod=F600", "--outbuf=N", "--info=progress2"}};
    const std::string names = module_->in_module(name_) + '\0';
    command.names = names;
    command.silent_bytes = size_;
    // Else ours would take the name for a pattern, and refuse what comes as something that it never asked
    // for.
    const bool is_pattern = name_.text().find_first_of("*?[\\") != std::string::npos;
    if (is_pattern) command.arguments.emplace_back("--trust-sender");
    command.arguments.insert(command.arguments.end(),
                             {"--", module_->module(), (directory.path() / ".").native()});
    module_->run(command);
    file_ = std::make_unique<FileSource>(open_regular(directory.path() / name_.text()));
    if (file_->file_size() != size_) fail(Exit::failed, "{} bytes came of {}", file_->file_size(), size_);
  }

  std::shared_ptr<RsyncModule> module_;
  Name name_;
  std::uint64_t size_;
  std::unique_ptr<FileSource> file_;  // it has lost its name already
};

// Nothing is sent before finish(): rsync gives a file its name as soon as it has it.
class RsyncSink final : public Sink {
 public:
  RsyncSink(std::shared_ptr<RsyncModule> module, std::string described, const Name& name)
      : module_(std::move(module)),
        described_(std::move(described)),
        name_(name),
        content_(module_->temporary_directory()) {}

  void write(Bytes bytes) override { content_.write(bytes); }

  void finish() override {
    const bool stored = in_context("create " + described_, [&] {
      // Of two that send at the same time the later one replaces the file, and nobody tells the earlier one.
      return module_->send(content_, name_.text()) && module_->has_sent(content_, name_.text());
    });
    if (!stored) throw AtomicFile::Conflict(Exit::failed, "create " + described_ + ": file exists");
  }

 private:
  std::shared_ptr<RsyncModule> module_;
  std::string described_;
  Name name_;
  SpoolFile content_;
};

class RsyncStore final : public Store {
 public:
  RsyncStore(const std::string& place, const Remote& remote, Openness openness)
      : module_(std::make_shared<RsyncModule>(place, remote, openness.file)) {
    in_context("open " + describe(), [&] { look(std::vector<std::string>()); });  // the place is there
  }

  std::string describe() const override { return module_->place(); }

  std::unique_ptr<Source> open(const Name& name) override { return std::move(open_each({name}).front()); }

  std::vector<std::unique_ptr<Source>> open_each(const std::vector<Name>& names) override {
    std::vector<std::unique_ptr<Source>> sources(names.size());
    if (names.empty()) return sources;
    std::vector<std::string> texts;
    for (const Name& name : names) texts.push_back(name.text());
    const std::string context = names.size() == 1 ? Store::describe(names.front()) : describe();
    for (const RsyncEntry& entry : in_context("open " + context, [&] { return look(texts); })) {
      if (std::ranges::find(texts, entry.name) == texts.end()) {
        fail(Exit::failed, "open {}: rsync tells of '{}' instead", context, entry.name);
      }
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (texts[i] != entry.name) continue;
        require_file(entry, names[i]);
        sources[i] = std::make_unique<RsyncSource>(module_, names[i], entry.size);
      }
    }
    return sources;
  }

  std::optional<Clock::time_point> modified(const Name& name) override {
    const auto entry = find(name);
    if (!entry) return std::nullopt;
    require_file(*entry, name);
    return entry->modified;
  }

  std::unique_ptr<Sink> create(const Name& name) override {
    return std::make_unique<RsyncSink>(module_, Store::describe(name), name);
  }

  // Young enough to be somebody's who is still at work? A day is more than clocks differ.
  bool has_living_writer(const Name& name) override {
    const auto when = modified(name);
    return when && *when + long_dead > Clock::now();
  }

  // finish() had the file synced before it got its name, and nobody can ask for more over this protocol.
  void sync(const Name& name) override {
    const auto entry = find(name);
    if (!entry) fail(Exit::failed, "sync {}: no such file", Store::describe(name));
    require_file(*entry, name);
  }

  void list(std::string_view prefix, const std::function<bool(const Name&)>& each) override {
    list_entries(prefix, [&](const RsyncEntry& entry) {
      const auto name = Name::parse(entry.name);
      return !name || !name->text().starts_with(prefix) || each(*name);
    });
  }

  void remove(const Name& name) override {
    const auto entry = find(name);
    if (!entry) return;
    // rsync would remove an empty directory, too.
    in_context("remove " + Store::describe(name), [&] {
      if (entry->is_directory) fail(Exit::failed, "is a directory");
      remove_names({name.text()});
      if (!look({name.text()}).empty()) fail(Exit::failed, "it is still there");
    });
  }

  void remove_litter() override {
    in_context("look for litter in " + describe(), [&] {
      std::vector<RsyncEntry> found;
      list_entries(".", [&](const RsyncEntry& entry) {
        if (entry.is_file && is_rsync_temporary(entry.name)) found.push_back(entry);
        return true;
      });
      if (found.empty()) return;
      // The clock that these have their times from is that of the other side: a new file tells it.
      const std::string clock = send_clock();
      std::vector<std::string> names = {clock};
      const auto probe = look({clock});
      for (const RsyncEntry& entry : found) {
        const bool is_old = !probe.empty() && entry.modified + long_dead < probe.front().modified;
        if (is_old) names.push_back(entry.name);
      }
      remove_names(names);
    });
  }

  std::string caveat() const override {
    return fmt::format(
        "{}: a daemon syncs no directory{}: what was stored in the last moments may be gone after a power "
        "cut there; of two hosts that send one name at the same time each is told that its file is stored, "
        "and only the later one is",
        describe(), module_->has_fsync() ? "" : ", and this one no file (no --fsync)");
  }

 private:
  void require_file(const RsyncEntry& entry, const Name& name) const {
    if (!entry.is_file) fail(Exit::failed, "open {}: not a regular file", Store::describe(name));
  }

  // What is there of these names. The directory is entered for that: a missing one is an error, and no
  // absence.
  std::vector<RsyncEntry> look(const std::vector<std::string>& names) {
    std::vector<RsyncEntry> entries;
    const std::string list = zero_terminated(names);
    RsyncCommand command{{"--list-only", "--files-from=-", "--from0", "--ignore-missing-args", "--",
                          module_->directory(), "."}};
    if (names.empty())
      command.arguments = {"--list-only", "--dirs", "--exclude=/*", "--", module_->directory()};
    command.names = list;
    command.each = [&](const std::string& line) { entries.push_back(parse_rsync_entry(line)); };
    module_->run(command);
    return entries;
  }
  std::optional<RsyncEntry> find(const Name& name) {
    auto entries = in_context("open " + Store::describe(name), [&] { return look({name.text()}); });
    return entries.empty() ? std::nullopt : std::optional(std::move(entries.front()));
  }

  // The list is parked first: an rsync that has to wait for a slow reader would run into its time limit.
  void list_entries(std::string_view prefix, const std::function<bool(const RsyncEntry&)>& each) {
    SpoolFile lines(module_->temporary_directory());
    in_context("list " + describe(), [&] {
      std::string pending;
      RsyncCommand command{{"--list-only", "--dirs"}};
      const bool is_plain =
          std::ranges::all_of(prefix, [](unsigned char c) { return std::isalnum(c) != 0 || c == '.'; });
      if (is_plain && !prefix.empty()) command.arguments.push_back(fmt::format("--include=/{}*", prefix));
      if (is_plain && !prefix.empty()) command.arguments.emplace_back("--exclude=/*");
      command.arguments.insert(command.arguments.end(), {"--", module_->directory()});
      command.each = [&](const std::string& line) {
        (pending += line) += '\n';
        if (pending.size() < 64 * 1024) return;
        lines.write(as_bytes(pending));
        pending.clear();
      };
      module_->run(command);
      lines.write(as_bytes(pending));
    });
    const auto reader = lines.reader();
    LineReader parked(*reader);
    for (std::string line; parked.next(line);) {
      const RsyncEntry entry = in_context("list " + describe(), [&] { return parse_rsync_entry(line); });
      if (!each(entry)) return;
    }
  }

  void remove_names(const std::vector<std::string>& names) {
    // What is missing in an empty directory is to be removed there, too.
    const TemporaryDirectory empty(module_->temporary_directory());
    const std::string list = zero_terminated(names);
    RsyncCommand command{{"--delete-missing-args", "--files-from=-", "--from0", "--",
                          (empty.path() / ".").native(), module_->directory()}};
    command.names = list;
    module_->run(command);
  }

  std::string send_clock() {
    const SpoolFile nothing(module_->temporary_directory());
    const TemporaryDirectory unique(module_->temporary_directory());
    const std::string name = ".pitr-clock" + unique.path().extension().native();
    if (!module_->send(nothing, name)) fail(Exit::failed, "{} exists", name);
    return name;
  }

  const std::shared_ptr<RsyncModule> module_;
};

}  // namespace

std::unique_ptr<Store> open_over_rsync(const std::string& place, const Remote& remote, Openness openness) {
  return std::make_unique<RsyncStore>(place, remote, openness);
}

}  // namespace pitr
