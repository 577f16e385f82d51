// For tests: runs a rewriter over an input cut in every way, because cuts must make no difference.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>

#include "rewrite/rewriter.h"

namespace berth::rewrite::testing {

using MakeRewriter = std::function<RewriterPtr()>;

inline std::string RewriteWhole(const MakeRewriter& make, std::string_view in) {
  std::string out;
  auto rewriter = make();
  rewriter->Feed(in, out);
  rewriter->Finish(out);
  return out;
}

/// The output, after checking that every cut in two, and every byte alone, gives the same.
inline std::string Rewrite(const MakeRewriter& make, std::string_view in) {
  const std::string whole = RewriteWhole(make, in);
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    std::string out;
    auto rewriter = make();
    rewriter->Feed(in.substr(0, cut), out);
    rewriter->Feed(in.substr(cut), out);
    rewriter->Finish(out);
    EXPECT_EQ(out, whole) << "cut at " << cut;
    if (out != whole) break;
  }
  std::string out;
  auto rewriter = make();
  for (const char c : in) rewriter->Feed({&c, 1}, out);
  rewriter->Finish(out);
  EXPECT_EQ(out, whole) << "byte by byte";
  return whole;
}

struct Case {
  std::string_view in;
  std::string_view out;
};

}  // namespace berth::rewrite::testing
