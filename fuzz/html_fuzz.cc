// HTML of a hostile instance through the HTML rewriter.
#include "rewrite/html_rewriter.h"
#include "rewriter_properties.h"

using berth::rewrite::HtmlOptions;
using berth::rewrite::HtmlRewriter;
using berth::rewrite::Injection;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  HtmlOptions options;
  options.prefix = "/p";
  berth::rewrite::fuzz::Check([&] { return std::make_unique<HtmlRewriter>(options); }, in, 8, true);

  options.injection = Injection::kAlways;
  options.rewrites_javascript = true;
  options.script_element = "<script data-berth>1</script>";
  options.import_map_element = "<script type=importmap>{}</script>";
  options.import_map_hash = "'sha256-m'";
  const auto make = [&] { return std::make_unique<HtmlRewriter>(options); };
  using berth::rewrite::fuzz::Cut;
  using berth::rewrite::fuzz::Require;
  using berth::rewrite::fuzz::Whole;
  const std::string out = Whole(make, in);
  Require(Cut(make, in, 7) == out, "cuts make no difference");
  std::size_t scripts = 0;
  for (std::size_t at = out.find(options.script_element); at != std::string::npos;
       at = out.find(options.script_element, at + 1)) {
    ++scripts;
  }
  std::size_t own = 0;
  for (std::size_t at = in.find(options.script_element); at != std::string_view::npos;
       at = in.find(options.script_element, at + 1)) {
    ++own;
  }
  Require(scripts <= own + 1, "the script is injected once");
  return 0;
}
