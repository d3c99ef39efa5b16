#pragma once

#include <memory>
#include <vector>

#include "common/base/survivors.h"
#include "common/store/place.h"
#include "common/store/store.h"

namespace pitr {

// A place that the set goes to.
struct SetPlace {
  Place place;
  std::unique_ptr<Store> store;
  bool complete = false;  // the set is published here, meta included
};

// One file of a set at several places. Written through, but not finished: that publishes it.
class PendingFile {
 public:
  PendingFile(Survivors<SetPlace>& survivors, const std::vector<SetPlace*>& places, const Name& name);

  const Name& name() const { return name_; }
  void write(Bytes bytes);
  void publish();
  // Takes back what was published at a place where the set did not become complete; as well as it can.
  void retract() noexcept;

 private:
  struct Copy {
    SetPlace* place;
    std::unique_ptr<Sink> file;
    bool published;
  };
  Survivors<SetPlace>& survivors_;
  Name name_;
  std::vector<Copy> copies_;
};

}  // namespace pitr
