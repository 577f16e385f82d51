#include "agent/viewer_filter.h"

namespace berth::agent {

ViewerFilter::ViewerFilter(http::BodyPtr inner, MessageFilter filter)
    : inner_(std::move(inner)),
      filter_(std::move(filter)),
      decoder_(http::WebSocketRole::kAcceptor,
               {.max_text = kMaxMessage, .max_binary = INT64_MAX, .drop_long_text = true}) {}

Task<Result<http::MutableBytes>> ViewerFilter::Read() {
  out_.clear();
  for (;;) {
    auto piece = co_await inner_->Read();
    if (!piece || piece->empty()) co_return piece;
    auto taken = Take(*piece);
    if (!taken) co_return std::move(taken).error();
    if (!out_.empty()) co_return std::as_writable_bytes(std::span(out_));
  }
}

Result<void> ViewerFilter::Take(http::MutableBytes input) {
  using Kind = http::WebSocketEvent::Kind;
  for (;;) {
    auto event = decoder_.Next(input);
    if (!event) return std::move(event).error();
    if (!*event) return Ok();
    switch ((*event)->kind) {
      case Kind::kText:
        if (const auto message = filter_((*event)->text())) {
          Pass(http::WebSocketOpcode::kText, *message);
        }
        break;
      case Kind::kBinary:
        break;
      case Kind::kPing:
        Pass(http::WebSocketOpcode::kPing, (*event)->text());
        break;
      case Kind::kPong:
        Pass(http::WebSocketOpcode::kPong, (*event)->text());
        break;
      case Kind::kClose:
        Pass(http::WebSocketOpcode::kClose, http::ClosePayload((*event)->code, (*event)->text()));
        break;
    }
  }
}

void ViewerFilter::Pass(http::WebSocketOpcode opcode, std::string_view payload) {
  http::AppendFrame(out_, opcode, payload, http::RandomMaskKey());
}

}  // namespace berth::agent
