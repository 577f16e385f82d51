// `berth demo`: hub, agent and a sample instance in one process, with nothing else installed.
#pragma once

#include <string>

namespace berth::cli {

/// Serves the demo at `listen` (ADDR:PORT) until a signal comes. Prints "berth hub ready: URL" and
/// "sign in: URL/login#CODE" on standard output once the instance is connected. Everything it
/// writes goes to a temporary folder that it removes. The process's exit status.
int RunDemo(std::string listen);

}  // namespace berth::cli
