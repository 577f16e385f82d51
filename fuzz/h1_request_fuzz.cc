// The request head parser. Properties: how the bytes are cut does not change the outcome; what was
// accepted, written by our own writer, is accepted again and reads the same.
//
// The first byte of the input chooses how the rest is cut.
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/grammar.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"

namespace berth::http {
namespace {

struct Outcome {
  std::size_t head_size = 0;  // 0 while incomplete.
  int refused = 0;            // The status, or 0.
};

Outcome Scan(std::string_view text, std::size_t step, const Limits& limits) {
  HeadScanner scanner(HeadScanner::Kind::kRequest, limits);
  for (std::size_t end = std::min(step, text.size());; end = std::min(end + step, text.size())) {
    const auto size = scanner.Scan(text.substr(0, end));
    if (!size) return {.head_size = 0, .refused = size.error().status};
    if (*size > 0) return {.head_size = *size, .refused = 0};
    if (end == text.size()) return {};
  }
}

/// All fields but those that each hop makes itself, in order.
std::vector<std::pair<std::string_view, std::string_view>> PassedOn(const RequestHead& head) {
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  for (const auto& [name, value] : head.fields) {
    const bool is_of_hop = name == "connection" || name == "content-length" ||
                           name == "keep-alive" || name == "proxy-connection" ||
                           name == "upgrade" ||
                           (head.is_upgrade() && name == "sec-websocket-accept");
    if (!is_of_hop) fields.emplace_back(name, value);
  }
  return fields;
}

void CheckWrittenReadsTheSame(const H1Request& request, const Limits& limits) {
  std::string text;
  const auto written =
      AppendRequestHead(text, request.head, request.framing, request.websocket_key);
  CHECK(written.has_value());
  // Lower limits than those of the input could refuse the copy: ours are wider.
  Limits wide = limits;
  wide.request_head *= 2;
  wide.request_fields += 10;
  CHECK(Scan(text, text.size(), wide).head_size == text.size());
  const auto again = ParseRequestHead(text, wide);
  CHECK(again.has_value());
  CHECK(again->head.method == request.head.method);
  CHECK(again->head.target == request.head.target);
  CHECK(again->head.authority == request.head.authority);
  CHECK(again->head.protocol == request.head.protocol);
  CHECK(again->framing == request.framing);
  CHECK(again->websocket_key == request.websocket_key);
  CHECK(PassedOn(again->head) == PassedOn(request.head));
}

}  // namespace
}  // namespace berth::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;        // NOLINT
  using namespace berth::http;  // NOLINT
  if (size < 2) return 0;
  Limits limits;
  limits.request_head = 2048;  // Small enough for the fuzzer to reach.
  limits.request_target = 256;
  limits.request_fields = 12;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Scan(text, text.size(), limits);
  const Outcome cut = Scan(text, 1 + data[0] % 17, limits);
  CHECK(whole.head_size == cut.head_size && whole.refused == cut.refused);
  if (whole.head_size == 0) return 0;
  const auto request = ParseRequestHead(text.substr(0, whole.head_size), limits);
  if (!request) {
    CHECK(request.error().status >= 400 && request.error().status <= 501);
    return 0;
  }
  CHECK(IsAuthority(request->head.authority));
  CHECK(request->head.target == "*" || IsOriginForm(request->head.target));
  CheckWrittenReadsTheSame(*request, limits);
  return 0;
}
