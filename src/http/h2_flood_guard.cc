#include "http/h2_flood_guard.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace berth::http {
namespace {

constexpr std::size_t kPreface = 24;  // "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; nghttp2 compares it.
// A head of 64 KiB needs 4 full frames; somebody who sends many small ones is playing.
constexpr std::size_t kHeadFrames = 16;

// Frame types and flags (RFC 9113, section 6).
enum : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kWindowUpdate = 8,
  kContinuation = 9,
};
constexpr std::uint8_t kAck = 0x1;
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;

// A page that closes with 128 streams open resets them all at once, twice a second at most; PING
// and SETTINGS come a few times in a connection's life.
constexpr TokenBucket::Rate kResetRate{.burst = 300, .per_second = 50};
constexpr TokenBucket::Rate kPingRate{.burst = 60, .per_second = 10};
constexpr TokenBucket::Rate kSettingsRate{.burst = 20, .per_second = 2};
constexpr TokenBucket::Rate kEmptyDataRate{.burst = 100, .per_second = 20};
constexpr TokenBucket::Rate kOtherRate{.burst = 1000, .per_second = 200};
// A head of more than so many bytes counts as several frames.
constexpr double kUsefulBytes = 1024;

}  // namespace

H2FloodGuard::H2FloodGuard(Rules rules)
    : rules_(rules), skip_(rules.expects_preface ? kPreface : 0) {}

bool H2FloodGuard::Spend(TokenBucket& bucket, TokenBucket::Rate rate, TimePoint now,
                         double amount) {
  rate.burst *= rules_.scale;
  rate.per_second *= rules_.scale;
  return bucket.Spend(rate, now, amount);
}

bool H2FloodGuard::SpendSentReset(TimePoint now) { return Spend(sent_resets_, kResetRate, now); }

bool H2FloodGuard::SpendUselessHead(TimePoint now) {
  return Spend(others_, kOtherRate, now, std::max(1.0, decoded_bytes_ / kUsefulBytes));
}

Result<void> H2FloodGuard::Inspect(net::Bytes bytes, TimePoint now) {
  while (!bytes.empty()) {
    if (skip_ > 0) {
      // The first byte of padded DATA says how much of the rest is padding (section 6.1).
      if (std::exchange(is_padding_next_, false) &&
          skip_ == 1 + std::to_integer<std::size_t>(bytes[0]) &&
          !Spend(empty_data_, kEmptyDataRate, now)) {
        return TooLarge("flood of DATA frames of padding");
      }
      const std::size_t skipped = std::min(skip_, bytes.size());
      skip_ -= skipped;
      bytes = bytes.subspan(skipped);
      continue;
    }
    const std::size_t count = std::min(header_.size() - header_size_, bytes.size());
    std::memcpy(header_.data() + header_size_, bytes.data(), count);
    header_size_ += count;
    bytes = bytes.subspan(count);
    if (header_size_ < header_.size()) break;
    header_size_ = 0;
    auto allowed = InspectFrame(now);
    if (!allowed) return allowed;
  }
  return Ok();
}

Result<void> H2FloodGuard::InspectFrame(TimePoint now) {
  const auto at = [this](std::size_t i) { return std::to_integer<std::size_t>(header_[i]); };
  const std::size_t length = at(0) << 16 | at(1) << 8 | at(2);
  const std::size_t type = at(3);
  const std::size_t flags = at(4);
  skip_ = length;

  switch (type) {
    case kData:
      if ((flags & kEndStream) != 0) break;
      if (length == 0 && !Spend(empty_data_, kEmptyDataRate, now)) {
        return TooLarge("flood of empty DATA frames");
      }
      is_padding_next_ = length > 0 && (flags & kPadded) != 0;
      break;
    case kHeaders:
    case kPushPromise:
    case kContinuation:
      if (type != kContinuation) head_frames_ = head_bytes_ = 0;
      ++head_frames_;
      head_bytes_ += length;
      head_incomplete_ = (flags & kEndHeaders) == 0;
      if (head_frames_ > kHeadFrames || head_bytes_ > rules_.head_bytes) {
        return TooLarge("flood of CONTINUATION frames");
      }
      break;
    case kRstStream:
      // Only a peer that opens streams can make work by resetting them.
      if (rules_.expects_preface && !Spend(resets_, kResetRate, now))
        return TooLarge("flood of resets");
      break;
    case kSettings:
      // nghttp2 ends the connection over an answer to none of ours.
      if ((flags & kAck) == 0 && !Spend(settings_, kSettingsRate, now)) {
        return TooLarge("flood of SETTINGS");
      }
      break;
    case kPing: {
      // We send few that it may answer.
      const bool is_ask = (flags & kAck) == 0;
      if (!Spend(is_ask ? pings_ : others_, is_ask ? kPingRate : kOtherRate, now)) {
        return TooLarge("flood of PING");
      }
      break;
    }
    case kWindowUpdate:
      break;  // As many as the reader's appetite; nghttp2 answers nothing.
    default:
      if (!Spend(others_, kOtherRate, now)) return TooLarge("flood of frames without use");
      break;
  }
  return Ok();
}

}  // namespace berth::http
