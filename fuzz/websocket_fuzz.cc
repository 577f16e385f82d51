// WebSocket frames. Two properties: the events of a byte string do not depend on how it is cut into
// pieces, and what the decoder understood, the encoder writes so that it is understood the same.
//
// Input: one byte of options (bit 0: role, bit 1: refuse binary), one byte that seeds the cuts,
// then the bytes of the peer.
#include <cstdlib>

#include "http/websocket_codec.h"

namespace {

using berth::http::WebSocketDecoder;
using berth::http::WebSocketEvent;
using berth::http::WebSocketOpcode;
using berth::http::WebSocketRole;

struct Seen {
  WebSocketEvent::Kind kind;
  std::string data;
  std::uint16_t code;
  bool operator==(const Seen&) const = default;
};

struct Transcript {
  std::vector<Seen> events;
  std::string open_binary;  // Of a message whose end has not come.
  std::uint16_t failure = 0;
  bool operator==(const Transcript&) const = default;
};

// The size of the next piece: small and irregular, from a seed; 0 is everything.
std::size_t NextCut(std::uint32_t& state) {
  if (state == 0) return SIZE_MAX;
  state = state * 1664525 + 1013904223;
  return 1 + (state >> 24U) % 9;
}

Transcript Decode(WebSocketRole role, WebSocketDecoder::Options options, std::string bytes,
                  std::uint32_t cuts) {
  Transcript transcript;
  WebSocketDecoder decoder(role, options);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min(NextCut(cuts), bytes.size() - at);
    auto input = std::as_writable_bytes(std::span(bytes).subspan(at, size));
    at += size;
    for (;;) {
      auto event = decoder.Next(input);
      if (!event) {
        transcript.failure = decoder.failure_code();
        if (transcript.failure == 0) std::abort();
        return transcript;
      }
      if (!*event) break;
      const WebSocketEvent& seen = **event;
      if (seen.kind == WebSocketEvent::Kind::kBinary) {
        transcript.open_binary += seen.text();
        if (!seen.is_end) continue;
        transcript.events.push_back({seen.kind, std::exchange(transcript.open_binary, {}), 0});
      } else {
        transcript.events.push_back({seen.kind, std::string(seen.text()), seen.code});
      }
    }
    if (!input.empty()) std::abort();
  }
  return transcript;
}

std::string Encode(const std::vector<Seen>& events) {
  std::string bytes;
  for (const Seen& seen : events) {
    const auto key = berth::http::RandomMaskKey();
    switch (seen.kind) {
      case WebSocketEvent::Kind::kText:
        berth::http::AppendFrame(bytes, WebSocketOpcode::kText, seen.data, key);
        break;
      case WebSocketEvent::Kind::kBinary:
        berth::http::AppendFrame(bytes, WebSocketOpcode::kBinary, seen.data, key);
        break;
      case WebSocketEvent::Kind::kPing:
        berth::http::AppendFrame(bytes, WebSocketOpcode::kPing, seen.data, key);
        break;
      case WebSocketEvent::Kind::kPong:
        berth::http::AppendFrame(bytes, WebSocketOpcode::kPong, seen.data, key);
        break;
      case WebSocketEvent::Kind::kClose:
        berth::http::AppendFrame(bytes, WebSocketOpcode::kClose,
                                 berth::http::ClosePayload(seen.code, seen.data), key);
        break;
    }
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto role = (data[0] & 1U) != 0 ? WebSocketRole::kDialer : WebSocketRole::kAcceptor;
  WebSocketDecoder::Options options{.max_text = 300, .max_binary = 70'000};
  options.accept_binary = (data[0] & 2U) == 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Transcript whole = Decode(role, options, bytes, 0);
  const Transcript cut = Decode(role, options, bytes, data[1] + 1U);
  if (whole != cut) std::abort();
  const Transcript again =
      Decode(WebSocketRole::kAcceptor, options, Encode(whole.events), data[1] + 1U);
  if (again.failure != 0 || again.events != whole.events) std::abort();
  return 0;
}
