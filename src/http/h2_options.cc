#include "http/h2_options.h"

#include <algorithm>

namespace berth::http {
namespace {

// A tunnel's connection window is credited on receipt, so it only has to cover a long, fast link:
// 16 MiB is 1 Gbit/s at 130 ms.
constexpr std::uint32_t kTunnelWindow = 16 * 1024 * 1024;
// HTTP/2's own; and in a tunnel, room for what one read of a body gives: fewer frames, less work.
constexpr std::uint32_t kBrowserFrame = 16 * 1024;
constexpr std::uint32_t kTunnelFrame = 64 * 1024;
// The hub adds a handful of fields to each head, an assertion of up to 12 KiB among them, and
// HTTP/2 counts 32 bytes more for each field.
constexpr std::uint64_t kAddedHeadBytes = 24 * 1024;
constexpr std::uint64_t kAddedFields = 16;
// Eight frames of the size that nghttp2 cuts heads into. It takes nine of one head, and a
// connection that carries more ends for all of its streams.
constexpr std::uint64_t kLargestSentHead = 8 * 16 * 1024;

// HTTP/2's own; and in a tunnel, room for the assertions of a dozen users and more.
constexpr std::uint32_t kBrowserFieldTable = 4 * 1024;
constexpr std::uint32_t kTunnelFieldTable = 16 * 1024;

std::uint32_t Window(std::uint64_t bytes) {
  constexpr std::uint64_t kLargest = 0x7fff'ffff;  // RFC 9113, section 6.9.1.
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(bytes, 65'535, kLargest));
}

}  // namespace

H2Options WithDefaults(H2Options options, const Limits& limits) {
  const bool is_tunnel = options.carrier == H2Carrier::kTunnel;
  if (options.max_streams == 0) {
    options.max_streams =
        static_cast<std::uint32_t>(is_tunnel ? limits.tunnel_streams : limits.h2_streams);
  }
  if (options.stream_window == 0) options.stream_window = Window(limits.stream_buffer);
  // A browser has one connection for the dashboard and all instances: uploads that one of them does
  // not read must not hold up those to others. Twice what the streams may hold, because nghttp2
  // gives credit back by halves of the window.
  if (options.connection_window == 0) {
    const std::uint64_t held = std::uint64_t{options.stream_window} * options.max_streams;
    options.connection_window = is_tunnel ? kTunnelWindow : Window(2 * held);
  }
  if (options.frame_bytes == 0) options.frame_bytes = is_tunnel ? kTunnelFrame : kBrowserFrame;
  // What passed at the hub, over HTTP/1.1 too, and was added to there, must pass the tunnel.
  if (options.head_bytes == 0) {
    options.head_bytes = is_tunnel ? limits.request_head + kAddedHeadBytes : limits.h2_header_list;
  }
  // To a browser as well: what came through the tunnel goes on.
  if (options.sent_head_bytes == 0) {
    options.sent_head_bytes = std::min(limits.request_head + kAddedHeadBytes, kLargestSentHead);
  }
  if (options.head_fields == 0) {
    options.head_fields = limits.request_fields + (is_tunnel ? kAddedFields : 0);
  }
  if (options.field_table == 0) {
    options.field_table = is_tunnel ? kTunnelFieldTable : kBrowserFieldTable;
  }
  return options;
}

}  // namespace berth::http
