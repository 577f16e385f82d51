#include "http/body.h"

#include <fmt/format.h>

namespace berth::http {

Task<Result<MutableBytes>> TextBody::Read() {
  if (std::exchange(done_, true)) co_return MutableBytes{};
  co_return std::as_writable_bytes(std::span(text_));
}

Task<Result<MutableBytes>> SharedBody::Read() {
  piece_ = rest_.substr(0, most_);
  rest_.remove_prefix(piece_.size());
  co_return std::as_writable_bytes(std::span(piece_));
}

Task<Result<std::string>> ReadAll(Body* body, std::size_t limit) {
  const auto too_large = [limit] {
    return TooLarge(fmt::format("a body of more than {} bytes", limit));
  };
  std::string all;
  if (body == nullptr) co_return all;
  if (body->length().value_or(0) > limit) co_return too_large();
  for (;;) {
    auto piece = co_await body->Read();
    if (!piece) co_return Wrap(std::move(piece).error(), "read body");
    if (piece->empty()) co_return all;
    if (all.size() + piece->size() > limit) co_return too_large();
    all.append(net::AsText(*piece));
  }
}

}  // namespace berth::http
