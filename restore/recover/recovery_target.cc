#include "restore/recover/recovery_target.h"

namespace pitr {

std::string describe(const RecoveryTarget& target) {
  switch (target.kind) {
    case RecoveryTarget::Kind::latest:
      return "latest";
    case RecoveryTarget::Kind::immediate:
      return "immediate";
    case RecoveryTarget::Kind::time:
      return "time " + target.text;
    case RecoveryTarget::Kind::lsn:
      return "LSN " + target.text;
    case RecoveryTarget::Kind::xid:
      return "transaction " + target.text;
    case RecoveryTarget::Kind::name:
      return "restore point " + target.text;
  }
  return {};
}

}  // namespace pitr
