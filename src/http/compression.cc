#include "http/compression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/number.h"
#include "http/content_encoder.h"
#include "http/media_type.h"

namespace berth::http {
namespace {

// What fits into one packet is on its way just as soon without.
constexpr std::uint64_t kSmallest = 1400;
// Ends the tags that we weakened.
constexpr std::string_view kEtagMark = "~berth";

constexpr std::array<std::string_view, 15> kTypes = {"application/javascript",
                                                     "application/x-javascript",
                                                     "application/ecmascript",
                                                     "application/json",
                                                     "application/x-ndjson",
                                                     "application/jsonl",
                                                     "application/xml",
                                                     "application/wasm",
                                                     "application/rtf",
                                                     "application/vnd.ms-fontobject",
                                                     "font/ttf",
                                                     "font/otf",
                                                     "application/x-font-ttf",
                                                     "image/bmp",
                                                     "image/x-icon"};

/// Its input in a coding. `then` is what follows each piece of it.
class EncodedBody : public Body {
 public:
  EncodedBody(BodyPtr source, std::unique_ptr<ContentEncoder> encoder, ContentEncoder::Then then,
              std::size_t& under_way)
      : source_(std::move(source)),
        encoder_(std::move(encoder)),
        then_(then),
        under_way_(under_way) {
    ++under_way_;
  }
  EncodedBody(const EncodedBody&) = delete;
  EncodedBody& operator=(const EncodedBody&) = delete;
  ~EncodedBody() override { --under_way_; }

  Task<Result<MutableBytes>> Read() override {
    out_.clear();
    while (out_.empty() && !is_done_) {
      if (error_) co_return *error_;
      auto piece = co_await source_->Read();
      if (!piece) {
        error_ = std::move(piece).error();
        // What the encoder held back is there all the same.
        auto rest = encoder_->Encode({}, ContentEncoder::Then::kPause, out_);
        if (!rest) co_return std::move(rest).error();
        continue;
      }
      is_done_ = piece->empty();
      auto encoded = encoder_->Encode(net::AsText(*piece),
                                      is_done_ ? ContentEncoder::Then::kEnd : then_, out_);
      if (!encoded) co_return std::move(encoded).error();
    }
    co_return std::as_writable_bytes(std::span(out_));
  }
  void Cut() override { source_->Cut(); }

 private:
  BodyPtr source_;
  std::unique_ptr<ContentEncoder> encoder_;
  const ContentEncoder::Then then_;
  std::size_t& under_way_;
  std::string out_;
  bool is_done_ = false;
  std::optional<Error> error_;  ///< The source's.
};

std::optional<std::uint64_t> LengthOf(const Response& response) {
  if (response.body) return response.body->length();
  const auto text = response.head.fields.Find("content-length");
  if (!text) return std::nullopt;
  return ParseNumber<std::uint64_t>(*text);
}

bool IsIdentity(const Fields& fields) {
  const auto coding = fields.Find("content-encoding");
  return !coding ||
         (fields.Count("content-encoding") == 1 && EqualsIgnoreCase(TrimOws(*coding), "identity"));
}

/// Whether the response would be compressed for a browser that takes a coding.
bool IsEligible(const Response& response) {
  const Fields& fields = response.head.fields;
  if (response.head.status != 200) return false;
  const auto type = fields.Find("content-type");
  if (!type || fields.Count("content-type") > 1 || !IsCompressible(*type)) return false;
  if (!IsIdentity(fields) || fields.HasToken("cache-control", "no-transform")) return false;
  const std::string_view disposition = fields.Find("content-disposition").value_or("");
  if (EqualsIgnoreCase(disposition.substr(0, 10), "attachment")) return false;
  for (const auto digest : {"content-md5", "digest", "content-digest", "repr-digest"}) {
    if (fields.Has(digest)) return false;
  }
  const auto length = LengthOf(response);
  return !length || *length >= kSmallest;
}

/// Pieces of a body of unknown length come when they come, so each leaves at once. One of known
/// length, or one that never changes, exists already and is held back a little: the result is
/// better, and the same however the input comes in pieces, by which caches know it again.
ContentEncoder::Then AfterAPiece(const Response& response) {
  const bool exists = response.body->length().has_value() ||
                      response.head.fields.HasToken("cache-control", "immutable");
  return exists ? ContentEncoder::Then::kMore : ContentEncoder::Then::kPause;
}

/// A tag that says "the same", no longer "byte for byte the same" (RFC 9110, section 8.8.1).
void WeakenEtag(Fields& fields) {
  const auto etag = fields.Find("etag");
  if (!etag || etag->size() < 2 || etag->front() != '"' || etag->back() != '"') return;
  fields.Set("etag", fmt::format("W/{}{}\"", etag->substr(0, etag->size() - 1), kEtagMark));
}

std::string WithoutEtagMarks(std::string_view list) {
  std::string restored;
  for (;;) {
    const std::size_t open = list.find('"');
    const std::size_t close = open == list.npos ? open : list.find('"', open + 1);
    if (close == list.npos) break;
    std::string_view before = list.substr(0, open);
    std::string_view opaque = list.substr(open + 1, close - open - 1);
    if (opaque.ends_with(kEtagMark)) {
      opaque.remove_suffix(kEtagMark.size());
      if (before.ends_with("W/")) before.remove_suffix(2);
    }
    fmt::format_to(std::back_inserter(restored), "{}\"{}\"", before, opaque);
    list.remove_prefix(close + 1);
  }
  return restored.append(list);
}

}  // namespace

bool IsCompressible(std::string_view content_type) {
  const std::string essence = MediaType(content_type);
  if (essence == "text/event-stream") return false;
  return essence.starts_with("text/") || essence.ends_with("+json") || essence.ends_with("+xml") ||
         std::ranges::find(kTypes, essence) != kTypes.end();
}

void RestoreEtags(Fields& request) {
  for (const auto name : {"if-match", "if-none-match"}) {
    const auto tags = request.Find(name);
    if (!tags || tags->find(kEtagMark) == tags->npos || request.Count(name) > 1) continue;
    request.Set(name, WithoutEtagMarks(*tags));
  }
}

CompressionAsk CompressionAsk::Of(const RequestHead& head) {
  return {.coding = head.is_upgrade() ? Coding::kIdentity : ChooseCoding(head.fields),
          .is_range = head.fields.Has("range")};
}

void Compressor::Apply(const CompressionAsk& ask, std::string_view method, Response& response) {
  if (!IsEligible(response)) return;
  Fields& fields = response.head.fields;
  if (!fields.HasToken("vary", "accept-encoding") && !fields.HasToken("vary", "*")) {
    fields.Add("vary", "accept-encoding");
  }
  const bool is_head = method == "HEAD";
  if (ask.coding == Coding::kIdentity || ask.is_range) return;
  if (!is_head && (!response.body || under_way_ >= limits_.compressions)) return;
  fields.Set("content-encoding", NameOf(ask.coding));
  fields.Remove("content-length");
  fields.Remove("accept-ranges");
  WeakenEtag(fields);
  if (is_head) return;
  auto encoder = ContentEncoder::Create(ask.coding, response.body->length());
  const ContentEncoder::Then then = AfterAPiece(response);
  response.body =
      std::make_unique<EncodedBody>(std::move(response.body), std::move(encoder), then, under_way_);
}

}  // namespace berth::http
