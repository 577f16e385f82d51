// The HTML rewriter on a page with much markup and on one that is mostly text.
#include <benchmark/benchmark.h>

#include "rewrite/html_rewriter.h"

namespace berth::rewrite {
namespace {

constexpr std::size_t kPageSize = 256 * 1024;
constexpr std::size_t kPiece = 16 * 1024;  // As bodies come: a read of an HTTP/2 frame's size.

std::string PageOf(std::string_view repeated) {
  std::string page = "<!doctype html><html><head><title>Page</title></head><body>";
  while (page.size() < kPageSize) page += repeated;
  return page += "</body></html>";
}

void Rewrite(benchmark::State& state, const std::string& page) {
  HtmlOptions options;
  options.prefix = "/clients/box/proxy";
  options.injection = Injection::kIntoDocuments;
  options.script_element = "<script>1</script>";
  std::string out;
  for (auto _ : state) {
    HtmlRewriter rewriter(options);
    for (std::size_t at = 0; at < page.size(); at += kPiece) {
      out.clear();
      rewriter.Feed(std::string_view(page).substr(at, kPiece), out);
    }
    rewriter.Finish(out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}

void RewritesMarkup(benchmark::State& state) {
  Rewrite(state, PageOf("<li class=\"item\"><a href=\"/projects/one\" title='One'>"
                        "<img src=\"/icons/one.svg\" alt=\"\"></a></li>\n"));
}
BENCHMARK(RewritesMarkup);

void RewritesText(benchmark::State& state) {
  Rewrite(state, PageOf("The quick brown fox jumps over the lazy dog, again and again, until the "
                        "paragraph is long enough to be one.<br>\n"));
}
BENCHMARK(RewritesText);

}  // namespace
}  // namespace berth::rewrite
