// Css of a hostile instance through its rewriter.
#include "rewrite/css_rewriter.h"
#include "rewriter_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto make = [] { return std::make_unique<berth::rewrite::CssRewriter>("/p"); };
  berth::rewrite::fuzz::Check(make, {reinterpret_cast<const char*>(data), size}, 4, true);
  return 0;
}
