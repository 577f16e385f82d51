#include "http/websocket_codec.h"

#include <algorithm>
#include <cstring>

#include "http/utf8.h"

namespace berth::http {
namespace {

constexpr std::uint8_t kFinalBit = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::uint8_t kLengthBits = 0x7F;
constexpr std::uint8_t kLength16 = 126;  // A 16-bit length follows.
constexpr std::uint8_t kLength64 = 127;  // A 64-bit length follows.
constexpr std::size_t kMaxControl = 125;

bool IsControl(WebSocketOpcode opcode) { return static_cast<std::uint8_t>(opcode) >= 0x8; }

bool IsKnown(std::uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA); }

std::size_t LengthBytes(std::uint8_t length) {
  if (length == kLength16) return 2;
  if (length == kLength64) return 8;
  return 0;
}

std::uint64_t ReadBigEndian(const std::uint8_t* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8U | bytes[i];
  return value;
}

}  // namespace

Error WebSocketDecoder::Fail(std::uint16_t code, std::string_view what) {
  failure_code_ = code;
  std::string message = fmt::format("websocket: {}", what);
  return code == close_code::kTooLarge ? TooLarge(std::move(message)) : Invalid(std::move(message));
}

Result<std::optional<WebSocketEvent>> WebSocketDecoder::Next(MutableBytes& input) {
  if (failure_code_ != 0) return Fail(failure_code_, "failed before");
  if (std::exchange(text_is_out_, false)) text_ = {};  // Gives the memory back.
  for (;;) {
    if (is_closed_) {
      input = {};
      return std::nullopt;
    }
    if (!in_payload_) {
      auto complete = TakeHeader(input);
      if (!complete) return std::move(complete).error();
      if (!*complete) return std::nullopt;
    }
    if (remaining_ > 0 && input.empty()) return std::nullopt;
    auto event = TakePayload(input);
    if (!event || *event) return event;
  }
}

// True once the header of the next frame is complete and in force.
Result<bool> WebSocketDecoder::TakeHeader(MutableBytes& input) {
  while (header_size_ < header_need_) {
    if (input.empty()) return false;
    const auto missing = static_cast<std::size_t>(header_need_ - header_size_);
    const std::size_t take = std::min(missing, input.size());
    std::memcpy(header_.data() + header_size_, input.data(), take);
    header_size_ += static_cast<std::uint8_t>(take);
    input = input.subspan(take);
    if (header_size_ == 2) {
      auto start = CheckStart();
      if (!start) return std::move(start).error();
      const std::size_t mask = (header_[1] & kMaskBit) != 0 ? 4 : 0;
      header_need_ = static_cast<std::uint8_t>(2 + LengthBytes(header_[1] & kLengthBits) + mask);
    }
  }
  auto begun = BeginFrame();
  if (!begun) return std::move(begun).error();
  return true;
}

Result<void> WebSocketDecoder::CheckStart() {
  const std::uint8_t opcode = header_[0] & 0x0FU;
  const bool is_masked = (header_[1] & kMaskBit) != 0;
  const std::uint8_t length = header_[1] & kLengthBits;
  if ((header_[0] & kReservedBits) != 0)
    return Fail(close_code::kProtocolError, "reserved bit set");
  if (!IsKnown(opcode)) return Fail(close_code::kProtocolError, "unknown opcode");
  if (is_masked != (role_ == WebSocketRole::kAcceptor)) {
    return Fail(close_code::kProtocolError, is_masked ? "masked frame" : "frame without a mask");
  }
  if (IsControl(WebSocketOpcode{opcode})) {
    if ((header_[0] & kFinalBit) == 0) {
      return Fail(close_code::kProtocolError, "fragmented control frame");
    }
    if (length > kMaxControl) return Fail(close_code::kProtocolError, "long control frame");
    return Ok();
  }
  const bool is_continuation = WebSocketOpcode{opcode} == WebSocketOpcode::kContinuation;
  const bool is_within = message_ != WebSocketOpcode::kContinuation;
  if (is_continuation && !is_within) {
    return Fail(close_code::kProtocolError, "continuation of nothing");
  }
  if (!is_continuation && is_within) {
    return Fail(close_code::kProtocolError, "message inside a message");
  }
  if (WebSocketOpcode{opcode} == WebSocketOpcode::kBinary && !options_.accept_binary) {
    return Fail(close_code::kUnsupported, "binary message");
  }
  return Ok();
}

Result<void> WebSocketDecoder::BeginFrame() {
  const std::uint8_t short_length = header_[1] & kLengthBits;
  const std::size_t length_bytes = LengthBytes(short_length);
  std::uint64_t length = short_length;
  if (length_bytes > 0) {
    length = ReadBigEndian(header_.data() + 2, length_bytes);
    const std::uint64_t least = length_bytes == 2 ? kLength16 : 0x1'0000;
    if (length < least) return Fail(close_code::kProtocolError, "length not in its shortest form");
    if (length >> 63U != 0) return Fail(close_code::kProtocolError, "length beyond 63 bits");
  }
  if ((header_[1] & kMaskBit) != 0) std::memcpy(mask_.data(), header_.data() + 2 + length_bytes, 4);
  mask_phase_ = 0;
  is_final_ = (header_[0] & kFinalBit) != 0;
  opcode_ = WebSocketOpcode{static_cast<std::uint8_t>(header_[0] & 0x0FU)};
  remaining_ = length;
  in_payload_ = true;
  header_size_ = 0;
  header_need_ = 2;
  if (IsControl(opcode_)) {
    ++idle_frames_;
    control_.clear();
    return Ok();
  }
  if (length == 0) ++idle_frames_;
  if (opcode_ != WebSocketOpcode::kContinuation) {
    message_ = opcode_;
    message_size_ = 0;
    is_dropping_ = false;
  }
  const bool is_text = message_ == WebSocketOpcode::kText;
  const std::uint64_t limit = is_text ? options_.max_text : options_.max_binary;
  const bool is_too_long = length > limit || message_size_ > limit - length;
  if (is_text && options_.drop_long_text && (is_dropping_ || is_too_long)) {
    is_dropping_ = true;
    text_ = {};
    return Ok();
  }
  if (is_too_long) {
    return Fail(close_code::kTooLarge,
                is_text ? "text message too long" : "binary message too long");
  }
  message_size_ += length;
  return Ok();
}

Result<std::optional<WebSocketEvent>> WebSocketDecoder::TakePayload(MutableBytes& input) {
  const std::size_t take = std::min<std::uint64_t>(remaining_, input.size());
  const MutableBytes piece = input.first(take);
  input = input.subspan(take);
  if (role_ == WebSocketRole::kAcceptor) {
    ApplyMask(piece, mask_, mask_phase_);
    mask_phase_ = static_cast<std::uint8_t>((mask_phase_ + take) % mask_.size());
  }
  remaining_ -= take;
  const bool frame_ends = remaining_ == 0;
  in_payload_ = !frame_ends;
  if (IsControl(opcode_)) return TakeControl(piece);
  const bool message_ends = frame_ends && is_final_;
  const bool is_text = message_ == WebSocketOpcode::kText;
  if (message_ends) message_ = WebSocketOpcode::kContinuation;
  if (is_text && is_dropping_) return std::nullopt;
  if (is_text) return TakeText(piece, message_ends && take == message_size_);
  if (piece.empty() && !message_ends) return std::nullopt;
  return WebSocketEvent{
      .kind = WebSocketEvent::Kind::kBinary, .data = piece, .is_end = message_ends};
}

// `is_whole`: the piece is a complete message, so that it need not be assembled.
Result<std::optional<WebSocketEvent>> WebSocketDecoder::TakeText(MutableBytes piece,
                                                                 bool is_whole) {
  MutableBytes message = piece;
  if (!is_whole) {
    text_.append(net::AsText(piece));
    if (in_payload_ || !is_final_) return std::nullopt;
    message = std::as_writable_bytes(std::span(text_));
    text_is_out_ = true;
  }
  if (!IsUtf8(net::AsText(message))) return Fail(close_code::kNotUtf8, "text is not UTF-8");
  return WebSocketEvent{.kind = WebSocketEvent::Kind::kText, .data = message};
}

Result<std::optional<WebSocketEvent>> WebSocketDecoder::TakeControl(MutableBytes piece) {
  MutableBytes payload = piece;
  if (in_payload_ || !control_.empty()) {
    control_.append(net::AsText(piece));
    if (in_payload_) return std::nullopt;
    payload = std::as_writable_bytes(std::span(control_));
  }
  if (opcode_ == WebSocketOpcode::kPing) {
    return WebSocketEvent{.kind = WebSocketEvent::Kind::kPing, .data = payload};
  }
  if (opcode_ == WebSocketOpcode::kPong) {
    return WebSocketEvent{.kind = WebSocketEvent::Kind::kPong, .data = payload};
  }
  WebSocketEvent event{.kind = WebSocketEvent::Kind::kClose, .code = close_code::kNone};
  if (!payload.empty()) {
    if (payload.size() < 2) return Fail(close_code::kProtocolError, "close code cut short");
    event.code = static_cast<std::uint16_t>(std::to_integer<unsigned>(payload[0]) << 8U |
                                            std::to_integer<unsigned>(payload[1]));
    if (!IsValidCloseCode(event.code)) return Fail(close_code::kProtocolError, "bad close code");
    event.data = payload.subspan(2);
    if (!IsUtf8(event.text())) return Fail(close_code::kNotUtf8, "close reason is not UTF-8");
  }
  is_closed_ = true;
  return event;
}

std::size_t FrameHeaderSize(std::uint64_t payload, bool is_masked) {
  const std::size_t length = payload < kLength16 ? 0 : payload < 0x1'0000 ? 2 : 8;
  return 2 + length + (is_masked ? 4 : 0);
}

std::size_t WriteFrameHeader(std::byte* out, WebSocketOpcode opcode, std::uint64_t payload,
                             const std::optional<MaskKey>& key, bool is_final) {
  const std::size_t length_bytes = FrameHeaderSize(payload, false) - 2;
  const std::uint64_t short_length = length_bytes == 0   ? payload
                                     : length_bytes == 2 ? kLength16
                                                         : kLength64;
  out[0] = static_cast<std::byte>(opcode) | std::byte{is_final ? kFinalBit : std::uint8_t{0}};
  out[1] = std::byte(short_length) | std::byte{key ? kMaskBit : std::uint8_t{0}};
  for (std::size_t i = 0; i < length_bytes; ++i) {
    out[2 + i] = std::byte(payload >> (8 * (length_bytes - 1 - i)) & 0xFFU);
  }
  std::size_t size = 2 + length_bytes;
  if (key) {
    std::memcpy(out + size, key->data(), key->size());
    size += key->size();
  }
  return size;
}

void AppendFrame(std::string& out, WebSocketOpcode opcode, std::string_view payload,
                 const std::optional<MaskKey>& key, bool is_final) {
  std::array<std::byte, kMaxFrameHeader> header;
  const std::size_t size = WriteFrameHeader(header.data(), opcode, payload.size(), key, is_final);
  out.append(net::AsText(Bytes(header).first(size)));
  PayloadWriter(out, key).Append(payload);
}

std::string ClosePayload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code == close_code::kNone) return payload;
  payload.push_back(static_cast<char>(code >> 8U));
  payload.push_back(static_cast<char>(code & 0xFFU));
  std::string valid = ToUtf8(reason);
  std::size_t size = std::min(valid.size(), kMaxControl - 2);
  while (size > 0 && !IsUtf8(std::string_view(valid).substr(0, size))) --size;
  payload.append(valid, 0, size);
  return payload;
}

bool IsValidCloseCode(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace berth::http
