// PageSetup: what is particular to one instance's pages; the adapter of its kind fills it in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace berth::rewrite {

/// host[:port] by which an instance knows itself: shared by all exchanges with it. Null: none.
using Authorities = std::shared_ptr<const std::vector<std::string>>;

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
  /// Absolute redirects to these are led back.
  Authorities own_authorities;

  bool operator==(const PageSetup&) const = default;
};

}  // namespace berth::rewrite
