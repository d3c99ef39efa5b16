#include "archive/outcomes.h"

namespace pitr {

class Outcomes::Watched final : public Sink {
 public:
  Watched(Outcomes& outcomes, std::size_t destination, State done, const Tee::Opener& open)
      : outcomes_(outcomes), destination_(destination), done_(done) {
    note([&] { sink_ = open(); });
  }
  bool is_wanted() const { return sink_ != nullptr; }

  void write(Bytes bytes) override {
    note([&] { sink_->write(bytes); });
  }
  void prepare() override {
    note([&] { sink_->prepare(); });
  }
  void finish() override {
    note([&] { sink_->finish(); });
    outcomes_.states_[destination_] = done_;
  }

 private:
  template <typename F>
  void note(F step) {
    try {
      step();
    } catch (const Error& error) {
      outcomes_.states_[destination_] = State::missing;
      outcomes_.reasons_[destination_] = error.what();
      throw;
    }
  }

  Outcomes& outcomes_;
  const std::size_t destination_;
  const State done_;
  std::unique_ptr<Sink> sink_;
};

std::unique_ptr<Sink> Outcomes::watched(std::size_t destination, State done, const Tee::Opener& open) {
  auto sink = std::make_unique<Watched>(*this, destination, done, open);
  if (sink->is_wanted()) return sink;
  states_[destination] = done;
  return nullptr;
}

bool Outcomes::can_do_without(std::size_t destination) const {
  auto may_succeed = those([](State state) { return state == State::open || state == State::stored; });
  may_succeed[destination] = false;
  return targets_.requirement.is_met_by(may_succeed);
}

std::set<std::string> Outcomes::remote_places() const {
  std::set<std::string> places;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Place& place = targets_.destinations[i];
    if (states_[i] == State::stored && kind(place) != PlaceKind::directory) places.insert(place.place);
  }
  return places;
}

}  // namespace pitr
