#include "http/content_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "http/fields.h"

namespace berth::http {
namespace {

class IdentityDecoder : public ContentDecoder {
 public:
  Result<void> Decode(std::string_view& in, std::string& out) override {
    const std::size_t size = std::min(in.size(), kDecodeStep);
    out.append(in.substr(0, size));
    in.remove_prefix(size);
    return Ok();
  }
  Result<void> Finish() override { return Ok(); }
};

/// gzip (several members, as RFC 1952 allows) and deflate, with its zlib wrapper or, as some
/// origins send it, without.
class ZlibDecoder : public ContentDecoder {
 public:
  enum class Format { kGzip, kDeflate };

  explicit ZlibDecoder(Format format) : format_(format) {}
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;
  ~ZlibDecoder() override {
    if (state_ != State::kNew) inflateEnd(&stream_);
  }

  Result<void> Decode(std::string_view& in, std::string& out) override {
    if (in.empty() && state_ == State::kNew) return Ok();
    if (state_ == State::kNew) Start(in[0]);
    if (state_ == State::kEnded && !in.empty()) {
      // Another member may follow; anything else after the end is padding, and ignored.
      if (format_ != Format::kGzip || in[0] != '\x1f') state_ = State::kPadding;
    }
    if (state_ == State::kPadding) in = {};
    if (in.empty() && state_ != State::kRunning) return Ok();
    if (state_ == State::kEnded) {
      CHECK(inflateReset(&stream_) == Z_OK);
      state_ = State::kRunning;
    }
    const std::size_t before = out.size();
    const std::size_t offered = std::min<std::size_t>(in.size(), 1 << 20);
    out.resize(before + kDecodeStep);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = kDecodeStep;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    out.resize(before + kDecodeStep - stream_.avail_out);
    in.remove_prefix(offered - stream_.avail_in);
    if (code == Z_STREAM_END) state_ = State::kEnded;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Invalid("broken gzip or deflate data");
    }
    return Ok();
  }

  Result<void> Finish() override {
    if (state_ == State::kRunning) return Invalid("truncated gzip or deflate data");
    return Ok();
  }

 private:
  enum class State { kNew, kRunning, kEnded, kPadding };

  void Start(char first) {
    constexpr int kWindow = 15;
    int window = kWindow + 16;  // 16: gzip only.
    // A zlib header's low four bits are 8; a raw deflate stream never begins so (RFC 1951: they
    // would name a stored block with non-zero padding).
    if (format_ == Format::kDeflate) window = (first & 0x0F) == 8 ? kWindow : -kWindow;
    CHECK(inflateInit2(&stream_, window) == Z_OK);
    state_ = State::kRunning;
  }

  const Format format_;
  State state_ = State::kNew;
  z_stream stream_{};
};

class BrotliDecoder : public ContentDecoder {
 public:
  Result<void> Decode(std::string_view& in, std::string& out) override {
    if (state_ == nullptr) return Internal("no memory for a brotli decoder");
    if (is_ended_) {
      in = {};
      return Ok();
    }
    has_begun_ = has_begun_ || !in.empty();
    const std::size_t before = out.size();
    out.resize(before + kDecodeStep);
    auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data() + before);
    std::size_t available_in = in.size();
    std::size_t available_out = kDecodeStep;
    const auto code = BrotliDecoderDecompressStream(state_.get(), &available_in, &next_in,
                                                    &available_out, &next_out, nullptr);
    out.resize(before + kDecodeStep - available_out);
    in.remove_prefix(in.size() - available_in);
    if (code == BROTLI_DECODER_RESULT_ERROR) return Invalid("broken brotli data");
    is_ended_ = code == BROTLI_DECODER_RESULT_SUCCESS;
    return Ok();
  }

  Result<void> Finish() override {
    if (has_begun_ && !is_ended_) return Invalid("truncated brotli data");
    return Ok();
  }

 private:
  struct Destroy {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliDecoderState, Destroy> state_{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)};
  bool has_begun_ = false;
  bool is_ended_ = false;
};

/// zstd (RFC 8878), several frames too. A frame that wants more memory than browsers grant (RFC
/// 9659: a window of 8 MiB) is refused.
class ZstdDecoder : public ContentDecoder {
 public:
  ZstdDecoder() {
    if (state_ != nullptr) ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, 23);
  }

  Result<void> Decode(std::string_view& in, std::string& out) override {
    if (state_ == nullptr) return Internal("no memory for a zstd decoder");
    if (in.empty() && !may_hold_output_) return Ok();
    if (is_at_frame_end_ && !in.empty() && !MayBeginFrame(in[0])) {
      return Invalid("not zstd data");
    }
    const std::size_t before = out.size();
    out.resize(before + kDecodeStep);
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data() + before, kDecodeStep, 0};
    const std::size_t code = ZSTD_decompressStream(state_.get(), &to, &from);
    out.resize(before + to.pos);
    in.remove_prefix(from.pos);
    if (ZSTD_isError(code) != 0) return Invalid("broken zstd data");
    is_at_frame_end_ = code == 0;
    may_hold_output_ = to.pos == kDecodeStep;
    return Ok();
  }

  Result<void> Finish() override {
    if (!is_at_frame_end_) return Invalid("truncated zstd data");
    return Ok();
  }

 private:
  struct Destroy {
    void operator()(ZSTD_DCtx* state) const { ZSTD_freeDCtx(state); }
  };
  /// The magic numbers of RFC 8878 begin so; those of older formats, which the library reads as
  /// well, do not.
  static bool MayBeginFrame(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte == 0x28 || (byte & 0xF0) == 0x50;
  }

  std::unique_ptr<ZSTD_DCtx, Destroy> state_{ZSTD_createDCtx()};
  bool may_hold_output_ = false;
  bool is_at_frame_end_ = true;
};

}  // namespace

std::unique_ptr<ContentDecoder> ContentDecoder::Create(std::string_view content_encoding) {
  const std::string coding = ToLower(http::TrimOws(content_encoding));
  if (coding.empty() || coding == "identity") return std::make_unique<IdentityDecoder>();
  if (coding == "gzip" || coding == "x-gzip") {
    return std::make_unique<ZlibDecoder>(ZlibDecoder::Format::kGzip);
  }
  if (coding == "deflate") return std::make_unique<ZlibDecoder>(ZlibDecoder::Format::kDeflate);
  if (coding == "br") return std::make_unique<BrotliDecoder>();
  if (coding == "zstd") return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace berth::http
