// What a command prints. Nothing here throws: what could not be written is remembered, and
// FinishOutput makes it the command's failure. One thread.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace berth::cli {

/// Prints on standard output, until that fails; from then on nothing.
void WriteOutput(std::string_view text);

template <typename... Values>
void Say(fmt::format_string<Values...> format, Values&&... values) {
  WriteOutput(fmt::format(format, std::forward<Values>(values)...));
}

/// Prints JSON and a line break. Nothing in it moves a cursor or turns the direction of writing,
/// whoever wrote it.
void SayJson(std::string_view json);

/// Prints on standard error. Where that cannot be written nobody can be told.
void WriteAside(std::string_view text);

template <typename... Values>
void Warn(fmt::format_string<Values...> format, Values&&... values) {
  WriteAside(fmt::format(format, std::forward<Values>(values)...));
}

/// Hands everything over to the system. 0, or the errno of what could not be written.
int FlushOutput();

/// For a command whose reader may leave: what could not be written is no failure.
void ForgiveOutput();

/// `status`; or kFailed after a complaint, if something could not be written.
int FinishOutput(int status);

}  // namespace berth::cli
