// WebSocket frames (RFC 6455, section 5), both directions, without extensions.
//
// WebSocketDecoder is incremental and copies as little as it can: binary payload comes out as spans
// of the input, unmasked in place; text messages and control frames that arrived whole likewise. It
// is strict: masking as the role demands, reserved bits zero, known opcodes, shortest length form,
// whole control frames, valid close codes, UTF-8. The encoder writes headers in front of payload
// that is already in place. Values; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "http/mask.h"
#include "net/byte_stream.h"

namespace berth::http {

using net::Bytes;
using net::MutableBytes;

/// Which end of a WebSocket we are. The dialer masks what it sends, the acceptor does not.
enum class WebSocketRole : std::uint8_t { kAcceptor, kDialer };

enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

/// Close codes (RFC 6455, section 7.4.1).
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kUnsupported = 1003;
inline constexpr std::uint16_t kNone = 1005;  ///< Never sent: the close frame held no code.
inline constexpr std::uint16_t kNotUtf8 = 1007;
inline constexpr std::uint16_t kPolicy = 1008;
inline constexpr std::uint16_t kTooLarge = 1009;
inline constexpr std::uint16_t kInternal = 1011;
inline constexpr std::uint16_t kTryAgainLater = 1013;
}  // namespace close_code

/// What a peer sent.
struct WebSocketEvent {
  enum class Kind { kText, kBinary, kPing, kPong, kClose };
  Kind kind = Kind::kText;
  /// kText: the whole message. kBinary: a part of a message. kPing, kPong: the payload. kClose: the
  /// reason. Valid until the decoder's next call, and no longer than its input.
  MutableBytes data{};
  bool is_end = true;      ///< kBinary: the last part of its message (which may be empty).
  std::uint16_t code = 0;  ///< kClose: the code; close_code::kNone without.

  std::string_view text() const { return net::AsText(data); }
};

class WebSocketDecoder {
 public:
  struct Options {
    std::uint64_t max_text = 1024 * 1024;         ///< Bytes of one text message.
    std::uint64_t max_binary = 16 * 1024 * 1024;  ///< Bytes of one binary message.
    bool accept_binary = true;                    ///< Else a binary frame fails with 1003.
    /// A text message of more than max_text is passed over in silence, rather than an error.
    bool drop_long_text = false;
  };
  /// `role` is ours: an acceptor demands masked frames, a dialer refuses them.
  WebSocketDecoder(WebSocketRole role, Options options) : options_(options), role_(role) {}

  /// Takes bytes off the front of `input` until it has an event; nothing: all input is used up,
  /// more is needed. After a close frame, the rest is dropped. kInvalid and kTooLarge are final:
  /// send failure_code() and close. Unmasking changes the input in place.
  Result<std::optional<WebSocketEvent>> Next(MutableBytes& input);

  /// How many frames came that carry nothing, control frames and empty ones, since the last call.
  std::size_t TakeIdleFrames() { return std::exchange(idle_frames_, 0U); }

  /// Changes max_text, for the frames that begin from now on.
  void LimitText(std::uint64_t bytes) { options_.max_text = bytes; }

  /// The close code that belongs to the error that Next returned; 0 before.
  std::uint16_t failure_code() const { return failure_code_; }

 private:
  Error Fail(std::uint16_t code, std::string_view what);
  Result<bool> TakeHeader(MutableBytes& input);
  Result<void> CheckStart();
  Result<void> BeginFrame();
  Result<std::optional<WebSocketEvent>> TakePayload(MutableBytes& input);
  Result<std::optional<WebSocketEvent>> TakeText(MutableBytes piece, bool is_whole_frame);
  Result<std::optional<WebSocketEvent>> TakeControl(MutableBytes piece);

  // Smallest last: each idle tunnel of a hub has one of these.
  Options options_;
  std::uint64_t remaining_ = 0;     // Payload bytes of the frame at hand still to come.
  std::uint64_t message_size_ = 0;  // Bytes of the message so far, with those.
  std::string text_;                // A text message that came in pieces.
  std::string control_;             // The payload of a control frame that did.
  std::uint32_t idle_frames_ = 0;
  std::array<std::byte, 4> mask_{};
  std::uint16_t failure_code_ = 0;
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_size_ = 0;
  std::uint8_t header_need_ = 2;
  std::uint8_t mask_phase_ = 0;  // How far into mask_ the payload is.
  WebSocketRole role_;
  WebSocketOpcode opcode_{};   // Of the frame at hand.
  WebSocketOpcode message_{};  // kText or kBinary within a message, else kContinuation.
  bool in_payload_ = false;
  bool is_final_ = false;
  bool is_dropping_ = false;  // The rest of a message that is too long.
  bool text_is_out_ = false;  // The last event lent text_: clear it first.
  bool is_closed_ = false;
};

/// Bytes that a frame header needs at most.
inline constexpr std::size_t kMaxFrameHeader = 14;

/// How long the header of a frame with that much payload is.
std::size_t FrameHeaderSize(std::uint64_t payload, bool is_masked);

/// Writes the header of a final frame to `out`, which has room for it; returns its size. With a
/// key, the payload that follows must be masked with ApplyMask.
std::size_t WriteFrameHeader(std::byte* out, WebSocketOpcode opcode, std::uint64_t payload,
                             const std::optional<MaskKey>& key, bool is_final = true);

/// Appends a whole frame to `out`, masked if there is a key.
void AppendFrame(std::string& out, WebSocketOpcode opcode, std::string_view payload,
                 const std::optional<MaskKey>& key, bool is_final = true);

/// The payload of a close frame; `reason` is cut to the 123 bytes that fit. kNone: empty.
std::string ClosePayload(std::uint16_t code, std::string_view reason);

/// Whether a peer may send this code in a close frame.
bool IsValidCloseCode(std::uint16_t code);

}  // namespace berth::http
