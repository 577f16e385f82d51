// CHECK(condition): a broken invariant of our own stops the process with its place. Never use it on
// anything that a peer, a file or the system can cause.
#pragma once

namespace berth {

/// Prints the place and the text and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* text);

}  // namespace berth

#define CHECK(condition)                                                    \
  do {                                                                      \
    if (!(condition)) ::berth::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
