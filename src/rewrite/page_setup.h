// PageSetup: what is particular to one instance's pages; the adapter of its kind fills it in.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace berth::rewrite {

struct PageSetup {
  /// Items that a page finds in its localStorage before its first script runs: a well-formed
  /// placeholder where an interface insists on a token. Never a real credential.
  std::vector<std::pair<std::string, std::string>> local_storage;
  /// Whether to set window.__ROUTER_BASENAME__ (path mode).
  bool router_basename = false;
  /// Paths below which bodies are never touched, e.g. "/api/": what lies there is data.
  std::vector<std::string> raw_prefixes;
  /// Whether string literals in JavaScript are rewritten too (path mode).
  bool rewrite_javascript = false;
  /// host[:port] by which the instance knows itself; absolute redirects there are led back.
  std::vector<std::string> own_authorities;

  bool operator==(const PageSetup&) const = default;
};

}  // namespace berth::rewrite
