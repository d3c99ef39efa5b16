#include <fcntl.h>

#include "common/os/directory.h"
#include "common/os/file_source.h"
#include "common/os/lock.h"
#include "common/os/temporary_file.h"
#include "common/store/store.h"

namespace pitr {
namespace {

class DirectoryStore final : public Store {
 public:
  DirectoryStore(std::filesystem::path path, Openness openness)
      : path_(std::move(path)),
        openness_(openness),
        directory_(open_if_there(path_, O_RDONLY | O_DIRECTORY)) {
    if (!directory_) fail(Exit::failed, "open {}: no such directory (is its disk mounted?)", path_.native());
  }

  std::string describe() const override { return path_.native(); }

  std::unique_ptr<Source> open(const Name& name) override {
    Fd file = open_for_reading(name);
    return file ? std::make_unique<FileSource>(std::move(file)) : nullptr;
  }

  std::optional<std::uint64_t> size(const Name& name) override {
    // Not everybody who may know its length may read it.
    const Fd file = open_if_there(directory_, name.text(), O_PATH | O_NOFOLLOW);
    if (!file) return std::nullopt;
    return static_cast<std::uint64_t>(file_status(file).st_size);
  }

  std::optional<std::chrono::system_clock::time_point> modified(const Name& name) override {
    const Fd file = open_for_reading(name);
    if (!file) return std::nullopt;
    const timespec time = file_status(file).st_mtim;
    return std::chrono::system_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                                 std::chrono::microseconds(time.tv_nsec / 1000));
  }

  std::unique_ptr<Sink> create(const Name& name) override {
    return std::make_unique<AtomicFile>(open_again(directory_), path_ / name.text(),
                                        AtomicFile::Existing::refuse, openness_.file);
  }

  Fd lock(const Name& name) override {
    // Not everybody who may add a file may write into this one.
    Fd file(::openat(directory_.number(), name.text().c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
            Store::describe(name));
    if (file) wait_for_lock(file);
    return file;
  }

  bool has_living_writer(const Name& name) override { return is_locked(directory_, name.text()); }

  void sync(const Name& name) override { sync_file(directory_, name.text()); }

  void list(std::string_view prefix, const std::function<bool(const Name&)>& each) override {
    list_directory(directory_, [&](const std::string& text) {
      // Whatever has no valid name was not stored by us: dot files, temporary files.
      const auto name = Name::parse(text);
      return !name || !text.starts_with(prefix) || each(*name);
    });
  }

  void remove(const Name& name) override {
    remove_at(directory_, name.text(), Removed::file);
    sync_directory(directory_);
  }

  void remove_litter() override { remove_dead_temporaries(directory_); }

 private:
  // Null: there is no such file.
  Fd open_for_reading(const Name& name) const {
    Fd file = open_if_there(directory_, name.text(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) require_directory(directory_);
    return file;
  }

  std::filesystem::path path_;
  Openness openness_;
  Fd directory_;  // everything goes by it: what is mounted at the path meanwhile is another place
};

}  // namespace

std::unique_ptr<Store> open_directory(const std::filesystem::path& path, Openness openness) {
  // "/wal/" and "/wal" are one place, and are remembered as one.
  return std::make_unique<DirectoryStore>(path.has_filename() ? path : path.parent_path(), openness);
}

}  // namespace pitr
