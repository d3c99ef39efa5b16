#include "common/store/pipe_store.h"

#include "common/process/fed_process.h"

namespace pitr {
namespace {

// Only the program knows whether a file is durable. It says so by reading everything and ending with status
// 0.
class PipeSink final : public Sink {
 public:
  PipeSink(const ProgramCall& call, std::chrono::seconds patience)
      : process_(call.words, call.described, patience) {}
  void write(Bytes bytes) override { process_.write(bytes); }
  void finish() override { process_.finish(); }

 private:
  FedProcess process_;
};

class PipeStore final : public Store {
 public:
  PipeStore(std::string described, std::function<ProgramCall(const Name&)> call_for,
            std::chrono::seconds patience)
      : described_(std::move(described)), call_for_(std::move(call_for)), patience_(patience) {}

  std::string describe() const override { return described_; }
  // A program cannot be asked what it has. So every file is taken for missing, and is sent.
  std::unique_ptr<Source> open(const Name&) override { return nullptr; }
  std::optional<std::chrono::system_clock::time_point> modified(const Name&) override { return std::nullopt; }
  std::unique_ptr<Sink> create(const Name& name) override {
    return std::make_unique<PipeSink>(call_for_(name), patience_);
  }
  bool has_living_writer(const Name&) override { return false; }
  void sync(const Name& name) override {
    fail(Exit::failed, "sync {}: a program that files are sent to has none", Store::describe(name));
  }
  void list(std::string_view, const std::function<bool(const Name&)>&) override {}
  void remove(const Name&) override {}
  void remove_litter() override {}
  std::string caveat() const override {
    return describe() + ": what it has taken is durable if the program says so";
  }

 private:
  const std::string described_;
  const std::function<ProgramCall(const Name&)> call_for_;
  const std::chrono::seconds patience_;
};

}  // namespace

std::unique_ptr<Store> open_program(std::string described, std::function<ProgramCall(const Name&)> call_for,
                                    std::chrono::seconds patience) {
  return std::make_unique<PipeStore>(std::move(described), std::move(call_for), patience);
}

std::unique_ptr<Store> open_pipe(const std::string& program, const Remote& remote) {
  if (program.empty()) fail(Exit::usage, "the name of the program to send files to is empty");
  const auto call_for = [program](const Name& name) {
    return ProgramCall{{program, name.text()}, fmt::format("{} {}", program, name.text())};
  };
  return open_program("|" + program, call_for, remote.timeout);
}

}  // namespace pitr
