// The HTTP/1.1 head parser on what browsers and instances send.
#include <benchmark/benchmark.h>

#include "http/h1_parser.h"

namespace berth::http {
namespace {

constexpr std::string_view kRequest =
    "GET /assets/index-4f9a1c2e.js HTTP/1.1\r\n"
    "Host: files.localhost:8787\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "Accept: */*\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: script\r\n"
    "Referer: http://files.localhost:8787/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: berth_instance=0123456789abcdef.0123456789abcdef0123456789abcdef\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "X-Powered-By: Express\r\n"
    "Cache-Control: public, max-age=31536000, immutable\r\n"
    "Last-Modified: Mon, 02 Jun 2025 10:00:00 GMT\r\n"
    "ETag: W/\"19a4-197312ab\"\r\n"
    "Content-Type: text/javascript; charset=utf-8\r\n"
    "Content-Length: 6564\r\n"
    "Date: Mon, 02 Jun 2025 10:00:01 GMT\r\n"
    "Connection: keep-alive\r\n"
    "Keep-Alive: timeout=5\r\n"
    "\r\n";

void ScansAHead(benchmark::State& state) {
  const Limits limits;
  for (auto _ : state) {
    HeadScanner scanner(HeadScanner::Kind::kRequest, limits);
    benchmark::DoNotOptimize(scanner.Scan(kRequest));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kRequest.size()));
}
BENCHMARK(ScansAHead);

void ParsesARequest(benchmark::State& state) {
  const Limits limits;
  for (auto _ : state) {
    auto parsed = ParseRequestHead(kRequest, limits);
    if (!parsed) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kRequest.size()));
}
BENCHMARK(ParsesARequest);

void ParsesAResponse(benchmark::State& state) {
  const Limits limits;
  for (auto _ : state) {
    auto parsed = ParseResponseHead(kResponse, "GET", limits);
    if (!parsed) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kResponse.size()));
}
BENCHMARK(ParsesAResponse);

}  // namespace
}  // namespace berth::http
