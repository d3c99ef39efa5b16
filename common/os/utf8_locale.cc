#include "common/os/utf8_locale.h"

namespace pitr {

Utf8::Utf8() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr))) {}

Utf8::Scope::Scope(locale_t utf8) : before_(utf8 == nullptr ? nullptr : ::uselocale(utf8)) {}

Utf8::Scope::~Scope() {
  if (before_ != nullptr) ::uselocale(before_);
}

}  // namespace pitr
