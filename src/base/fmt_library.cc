// fmt, compiled into the program: as a shared library each system has it in another version.
#include <fmt/format-inl.h>

namespace fmt::detail {

// What the headers leave to the library to instantiate.
template char decimal_point_impl(locale_ref locale);
template thousands_sep_result<char> thousands_sep_impl(locale_ref locale);

}  // namespace fmt::detail
