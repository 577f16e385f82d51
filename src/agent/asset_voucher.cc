#include "agent/asset_voucher.h"

#include "http/shared_asset.h"

namespace berth::agent {
namespace {

constexpr int kMostAtOnce = 16;

struct Counted {
  int& count;
  explicit Counted(int& c) : count(c) { ++count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count; }
};

/// What was read of a body, and then the rest of it.
class ResumedBody : public http::Body {
 public:
  ResumedBody(std::string begun, http::BodyPtr rest)
      : begun_(std::move(begun)), rest_(std::move(rest)) {}
  Task<Result<http::MutableBytes>> Read() override {
    if (!std::exchange(has_begun_, true) && !begun_.empty()) {
      co_return std::as_writable_bytes(std::span(begun_));
    }
    begun_ = {};
    co_return co_await rest_->Read();
  }
  std::optional<std::uint64_t> length() const override { return rest_->length(); }

 private:
  std::string begun_;
  http::BodyPtr rest_;
  bool has_begun_ = false;
};

bool Lists(std::string_view hints, std::string_view hint) {
  http::Fields fields;
  fields.Add("hints", hints);
  return fields.HasToken("hints", hint);
}

}  // namespace

Task<Result<http::Response>> AssetVoucher::Vouch(std::string hints, http::Response response) {
  const std::size_t limit = limits_.asset_cache_entry;
  if (!response.body || reading_ >= kMostAtOnce) co_return response;
  if (response.body->length().value_or(0) > limit) co_return response;
  const Counted counted(reading_);
  std::string bytes;
  for (;;) {
    auto piece = co_await response.body->Read();
    if (!piece) co_return std::move(piece).error();
    if (piece->empty()) break;
    bytes.append(net::AsText(*piece));
    if (bytes.size() <= limit) continue;
    response.body = std::make_unique<ResumedBody>(std::move(bytes), std::move(response.body));
    co_return response;
  }
  const std::string digest = http::AssetDigest(bytes);
  if (!Lists(hints, http::AssetHint(digest))) {
    response.body = std::make_unique<http::TextBody>(std::move(bytes));
    co_return response;
  }
  response.body = nullptr;
  response.head.fields.Remove("content-length");
  response.head.fields.Set(http::kDigestField, digest);
  co_return response;
}

}  // namespace berth::agent
