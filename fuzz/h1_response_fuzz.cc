// The response head parser. Properties: how the bytes are cut does not change the outcome; what was
// accepted, written by our own writer, is accepted again with the same status and framing.
//
// The first byte of the input chooses how the rest is cut, and its top bit a HEAD request.
#include "base/check.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"

namespace berth::http {
namespace {

std::size_t Scan(std::string_view text, std::size_t step, const Limits& limits) {
  constexpr auto kRefused = static_cast<std::size_t>(-1);
  HeadScanner scanner(HeadScanner::Kind::kResponse, limits);
  for (std::size_t end = std::min(step, text.size());; end = std::min(end + step, text.size())) {
    const auto size = scanner.Scan(text.substr(0, end));
    if (!size) return kRefused;
    if (*size > 0 || end == text.size()) return *size;
  }
}

}  // namespace
}  // namespace berth::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;        // NOLINT
  using namespace berth::http;  // NOLINT
  if (size < 2) return 0;
  Limits limits;
  limits.request_head = 2048;
  limits.request_fields = 12;
  const std::string_view method = data[0] >= 128 ? "HEAD" : "GET";
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t head_size = Scan(text, text.size(), limits);
  CHECK(head_size == Scan(text, 1 + data[0] % 17, limits));
  if (head_size == 0 || head_size > text.size()) return 0;
  const auto response = ParseResponseHead(text.substr(0, head_size), method, limits);
  if (!response || response->head.status < 200) return 0;

  std::string written;
  AppendResponseHead(written, response->head, response->framing, method, Persistence::kDefault);
  Limits wide = limits;
  wide.request_head *= 2;
  wide.request_fields += 10;
  CHECK(Scan(written, written.size(), wide) == written.size());
  const auto again = ParseResponseHead(written, method, wide);
  CHECK(again.has_value());
  CHECK(again->head.status == response->head.status);
  CHECK(again->framing == response->framing);
  CHECK(again->head.fields.Count("set-cookie") == response->head.fields.Count("set-cookie"));
  return 0;
}
