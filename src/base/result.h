// Result<T>: a value or an Error, impossible to ignore.
//
//     auto read = co_await stream.Read();
//     if (!read) co_return Wrap(std::move(read).error(), "read request head");
//
// A class of its own rather than an alias of std::expected, because only [[nodiscard]] on the class
// makes the compiler notice a dropped `co_await F();`.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace berth {

template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error error) : std::expected<T, Error>(std::unexpected(std::move(error))) {}  // NOLINT
};

/// Success without a value: `return Ok();`
inline Result<void> Ok() { return {}; }

}  // namespace berth
