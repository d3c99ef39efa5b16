#pragma once

#include "common/store/store.h"
#include "monitor/verify/finding.h"

namespace pitr {

// What a digest file should say: a file of the set, and its digest; "" when that is not known.
struct ExpectedDigest {
  Name file;
  std::string hex;
};

// Checks the text of a digest file, which is for `sha256sum -c`: every file of the set stands in it once,
// with its digest, and nothing else. `exact`: a file of pitr-base, which writes nothing but "HEX *NAME".
void check_digest_file(Store& store, const Name& name, const std::vector<ExpectedDigest>& expected,
                       bool exact, Findings& findings);

}  // namespace pitr
