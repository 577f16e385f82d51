// Opening a page in the user's browser.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/settings.h"

namespace berth::cli {

/// Whether there is a desktop that a browser could appear on.
bool HasDesktop(const Environment& environment);

/// Hands the page to the desktop's own opener (xdg-open, or open on macOS). kUnavailable: there is
/// none, or it failed at once.
Result<void> OpenInBrowser(const std::string& url);

}  // namespace berth::cli
