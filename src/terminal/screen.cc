#include "terminal/screen.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace berth::terminal {
namespace {

std::string_view CodeOf(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kDim:
      return "2";
    case Ink::kBold:
      return "1";
    case Ink::kAlert:
      return "1;33";
    case Ink::kBad:
      return "31";
    case Ink::kBusy:
      return "36";
    case Ink::kGood:
      return "32";
  }
  return "";
}

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string Screen::Paint(Ink ink, std::string_view text) const {
  const std::string_view code = CodeOf(ink);
  if (!has_colours || code.empty() || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Screen StandardOutput() {
  Screen screen;
  screen.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!screen.is_terminal) return screen;
  const std::string_view kind = Variable("TERM");
  screen.has_colours = Variable("NO_COLOR").empty() && !kind.empty() && kind != "dumb";
  winsize size{};
  const bool is_known =
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  screen.columns = is_known ? size.ws_col : 80;
  screen.lines = is_known ? size.ws_row : 24;
  return screen;
}

}  // namespace berth::terminal
