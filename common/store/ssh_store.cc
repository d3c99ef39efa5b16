#include <algorithm>
#include <charconv>

#include "common/codec/digest.h"
#include "common/os/signals.h"
#include "common/store/ssh_session.h"

namespace pitr {
namespace {

struct Found {
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified;
};

// "file 16777216 1764541805.123456"
std::optional<Found> parse_found(const std::string& reply) {
  if (reply == "none") return std::nullopt;
  std::uint64_t size = 0;
  std::int64_t seconds = 0;
  const char* const end = reply.data() + reply.size();
  const bool is_file = reply.starts_with("file ");
  const auto at_size =
      is_file ? std::from_chars(reply.data() + 5, end, size) : std::from_chars_result{end, {}};
  if (at_size.ptr == end) fail(Exit::failed, "it answers '{}'", reply);
  std::from_chars(at_size.ptr + 1, end, seconds);
  return Found{size, std::chrono::system_clock::time_point(std::chrono::seconds(seconds))};
}

class SshSource final : public Source {
 public:
  SshSource(std::shared_ptr<SshSessions> sessions, std::string described, const Name& name,
            std::uint64_t size)
      : sessions_(std::move(sessions)),
        described_(std::move(described)),
        name_(name),
        size_(size),
        left_(size) {}
  ~SshSource() override {
    if (session_ && !ended_) (*session_)->set_broken();
  }
  SshSource(const SshSource&) = delete;
  SshSource& operator=(const SshSource&) = delete;

  std::optional<std::uint64_t> size() const override { return size_; }
  std::size_t read(std::span<std::byte> buffer) override {
    return in_context("read " + described_, [&] {
      // Nothing is sent before the first read: many sources are opened only to see that the file is there.
      if (!session_) begin();
      if (left_ == 0) {
        end();
        return std::size_t{0};
      }
      const std::size_t n = (*session_)->read(buffer.first(std::min<std::uint64_t>(buffer.size(), left_)));
      if (n == 0) fail(Exit::failed, "the connection ended before its end");
      left_ -= n;
      return n;
    });
  }

 private:
  void begin() {
    session_ = std::make_unique<BorrowedSession>(sessions_);
    (*session_)->send({"send", name_.text(), fmt::format("{}", left_)});
  }
  void end() {
    if (ended_) return;
    (*session_)->reply();
    ended_ = true;
  }

  std::shared_ptr<SshSessions> sessions_;
  std::string described_;
  Name name_;
  std::uint64_t size_, left_;
  std::unique_ptr<BorrowedSession> session_;
  bool ended_ = false;
};

class SshSink final : public Sink {
 public:
  SshSink(std::shared_ptr<SshSessions> sessions, std::string described, const Name& name, mode_t mode)
      : described_(std::move(described)), name_(name), session_(std::move(sessions)) {
    in_context("create " + described_, [&] {
      session_->send({"begin", name_.text(), fmt::format("{:o}", mode)});
      session_->reply();
    });
    block_.reserve(block_size);
  }
  ~SshSink() override {
    if (session_->is_broken()) return;
    try {
      if (is_published_) {
        session_->send({"forget"});  // comes before whatever this session is asked next
        return;
      }
      // Waited for: else the temporary file could be seen after this.
      session_->send({"drop"});
      session_->reply();
    } catch (const std::exception&) {
      session_->set_broken();  // the far side's shell drops it when it ends
    }
  }
  SshSink(const SshSink&) = delete;
  SshSink& operator=(const SshSink&) = delete;

  void write(Bytes bytes) override {
    while (!bytes.empty()) {
      const Bytes part = bytes.first(std::min(bytes.size(), block_size - block_.size()));
      block_.insert(block_.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      if (block_.size() == block_size) send_block();
    }
  }

  void prepare() override {
    if (prepared_) return;
    send_block();
    in_context("write " + described_, [&] {
      session_->send({"settle", fmt::format("{}", size_), digest_.hex()});
      session_->reply();
    });
    prepared_ = true;
  }

  void finish() override {
    prepare();
    const std::string answer = in_context("create " + described_, [&] {
      session_->send({"publish", name_.text()});
      return session_->reply();
    });
    is_published_ = answer == "ok";
    if (answer == "conflict")
      throw AtomicFile::Conflict(Exit::failed, "create " + described_ + ": file exists");
  }

 private:
  static constexpr std::size_t block_size = 1024 * 1024;

  void send_block() {
    if (block_.empty()) return;
    digest_.update(block_);
    size_ += block_.size();
    in_context("write " + described_, [&] {
      try {
        session_->send({"take", fmt::format("{}", block_.size())});
        session_->send_bytes(block_);
      } catch (const Interrupted&) {
        session_->set_broken();
        throw;
      } catch (const Error&) {
        session_->set_broken();
        // The far side has said why it ended: reply() throws that.
        session_->reply();
        throw;
      }
    });
    block_.clear();
  }

  std::string described_;
  Name name_;
  BorrowedSession session_;
  Digest digest_{"SHA-256"};
  std::vector<std::byte> block_;
  std::uint64_t size_ = 0;
  bool prepared_ = false, is_published_ = false;
};

class SshStore final : public Store {
 public:
  SshStore(const std::string& host, const std::string& directory, const Remote& remote, Openness openness)
      : described_(host + ":" + directory),
        openness_(openness),
        sessions_(std::make_shared<SshSessions>(host, directory, remote)) {
    sessions_->give_back(sessions_->take());  // the place is there
  }

  std::string describe() const override { return described_; }

  std::unique_ptr<Source> open(const Name& name) override {
    const auto found = look(name);
    return found ? source(name, *found) : nullptr;
  }

  // One round trip, whatever the number of names.
  std::vector<std::unique_ptr<Source>> open_each(const std::vector<Name>& names) override {
    BorrowedSession session(sessions_);
    std::vector<std::unique_ptr<Source>> sources;
    try {
      for (const Name& name : names) session->send({"look", name.text()});
      for (const Name& name : names) {
        const auto found =
            in_context("open " + Store::describe(name), [&] { return parse_found(session->reply()); });
        sources.push_back(found ? source(name, *found) : nullptr);
      }
    } catch (...) {
      session->set_broken();  // the replies to the other names are not read
      throw;
    }
    return sources;
  }

  std::optional<std::chrono::system_clock::time_point> modified(const Name& name) override {
    const auto found = look(name);
    return found ? std::optional(found->modified) : std::nullopt;
  }

  std::unique_ptr<Sink> create(const Name& name) override {
    return std::make_unique<SshSink>(sessions_, Store::describe(name), name, openness_.file);
  }

  bool has_living_writer(const Name& name) override { return ask("open", "is_being_written", name) == "yes"; }

  void sync(const Name& name) override { ask("sync", "make_file_durable", name); }

  void list(std::string_view prefix, const std::function<bool(const Name&)>& each) override {
    BorrowedSession session(sessions_);
    const bool is_word = std::ranges::all_of(prefix, [](unsigned char c) { return std::isalnum(c) != 0; });
    in_context("list " + described_, [&] { session->send({"list", is_word ? prefix : std::string_view()}); });
    for (;;) {
      const std::string line = in_context("list " + described_, [&] { return session->line(); });
      if (line == "/ok") return;
      if (line.starts_with('/')) fail(Exit::failed, "list {}: {}", described_, line.substr(1));
      const auto name = Name::parse(unescaped(line));
      if (!name || !name->text().starts_with(prefix)) continue;
      Unwinding unwinding{session};
      if (!each(*name)) return;
      unwinding.seen = true;
    }
  }

  void remove(const Name& name) override { ask("remove", "remove", name); }

  void remove_litter() override {
    BorrowedSession session(sessions_);
    in_context("look for litter in " + described_, [&] {
      session->send({"litter"});
      session->reply();
    });
  }

 private:
  // Breaks the session when a listing is left before its end: the rest of it is still coming.
  struct Unwinding {
    BorrowedSession& session;
    bool seen = false;
    ~Unwinding() {
      if (!seen) session->set_broken();
    }
  };

  std::unique_ptr<Source> source(const Name& name, const Found& found) const {
    return std::make_unique<SshSource>(sessions_, Store::describe(name), name, found.size);
  }

  std::string ask(std::string_view operation, std::string_view verb, const Name& name) {
    return in_context(fmt::format("{} {}", operation, Store::describe(name)), [&] {
      BorrowedSession session(sessions_);
      session->send({verb, name.text()});
      return session->reply();
    });
  }

  std::optional<Found> look(const Name& name) {
    return in_context("open " + Store::describe(name), [&] { return parse_found(ask_look(name)); });
  }
  std::string ask_look(const Name& name) {
    BorrowedSession session(sessions_);
    session->send({"look", name.text()});
    return session->reply();
  }

  // What `ls -b` makes of a name: "\ ", "\\", "\n", "\303".
  static std::string unescaped(const std::string& text) {
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        name += text[i];
      } else if (text[i + 1] >= '0' && text[i + 1] <= '3') {
        int code = 0;
        std::from_chars(text.data() + i + 1, text.data() + std::min(i + 4, text.size()), code, 8);
        name += static_cast<char>(code);
        i += 3;
      } else {
        ++i;
        // Of the letters each is a control character, which no Name has.
        name += std::isalpha(static_cast<unsigned char>(text[i])) != 0 ? '\n' : text[i];
      }
    }
    return name;
  }

  const std::string described_;
  const Openness openness_;
  const std::shared_ptr<SshSessions> sessions_;
};

}  // namespace

std::unique_ptr<Store> open_over_ssh(const std::string& place, const Remote& remote, Openness openness) {
  const std::size_t colon = place.find(':');
  const std::string host = place.substr(0, colon);
  const std::filesystem::path directory = place.substr(colon + 1);
  const bool has_control = std::ranges::any_of(place, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (host.empty() || host.starts_with('-') || host.ends_with('@') || host.find(' ') != host.npos ||
      has_control) {
    fail(Exit::usage, "{}: no host that ssh could reach, as in [USER@]HOST:/PATH", place);
  }
  if (!directory.is_absolute()) fail(Exit::usage, "{}: the path on the other host is not absolute", place);
  const std::string path = directory.has_filename() ? directory.native() : directory.parent_path().native();
  if (!remote.far_program.empty()) return open_far_program(host, path, remote);
  return std::make_unique<SshStore>(host, path, remote, openness);
}

}  // namespace pitr
