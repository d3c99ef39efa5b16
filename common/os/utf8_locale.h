#pragma once

#include <locale.h>

#include <memory>
#include <type_traits>

namespace pitr {

// libarchive takes names to be in the character set of the locale. Programs of a server run in the C locale,
// where it could turn nothing but ASCII; so it gets UTF-8 for the time of a call, in this thread.
class Utf8 {
 public:
  Utf8();

  class Scope {
   public:
    explicit Scope(locale_t utf8);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    locale_t before_;
  };
  Scope scope() const { return Scope(locale_.get()); }

 private:
  struct Free {
    void operator()(locale_t locale) const { ::freelocale(locale); }
  };
  std::unique_ptr<std::remove_pointer_t<locale_t>, Free> locale_;
};

}  // namespace pitr
