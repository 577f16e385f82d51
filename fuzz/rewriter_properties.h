// Properties that every rewriter keeps, for the fuzz targets of src/rewrite: cuts make no
// difference, and a second pass over a rewritten text changes nothing.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "rewrite/rewriter.h"

namespace berth::rewrite::fuzz {

using Make = std::function<RewriterPtr()>;

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property violated: %s\n", what);
  std::abort();
}

inline std::string Whole(const Make& make, std::string_view in) {
  std::string out;
  const auto rewriter = make();
  rewriter->Feed(in, out);
  rewriter->Finish(out);
  return out;
}

/// Feeds pieces whose sizes follow from `seed`.
inline std::string Cut(const Make& make, std::string_view in, std::uint32_t seed) {
  std::string out;
  const auto rewriter = make();
  while (!in.empty()) {
    seed = seed * 1664525U + 1013904223U;
    const std::string_view piece = in.substr(0, (seed >> 24) % 7);
    in.remove_prefix(piece.size());
    rewriter->Feed(piece, out);
  }
  rewriter->Finish(out);
  return out;
}

/// Checks all properties. `growth` is how many bytes one byte of input may become, at most.
inline void Check(const Make& make, std::string_view in, std::size_t growth, bool is_idempotent) {
  const std::string out = Whole(make, in);
  Require(Cut(make, in, static_cast<std::uint32_t>(in.size()) + 1) == out,
          "cuts make no difference");
  Require(out.size() <= in.size() * growth, "growth is bounded");
  if (is_idempotent) Require(Whole(make, out) == out, "twice is once");
}

}  // namespace berth::rewrite::fuzz
