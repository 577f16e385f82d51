// A server session in the hands of a peer whose bytes the test writes.
#pragma once

#include <gtest/gtest.h>

#include "http/h2_server_session.h"
#include "http/h2_testing.h"

namespace berth::http::testing {

inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndHeaders = 4;
inline constexpr std::uint8_t kPadded = 8;
inline constexpr std::uint32_t kProtocolError = 1;
inline constexpr std::uint32_t kEnhanceYourCalm = 11;

/// What a browser sends for a WebSocket (RFC 8441), but for its version.
inline FieldList Upgrade(FieldList more) {
  FieldList fields = GetFields(std::move(more));
  fields[0].second = "CONNECT";
  fields.insert(fields.begin() + 1, {":protocol", "websocket"});
  return fields;
}

inline Task<Result<Response>> Ok200(Request) { co_return TextResponse(200, "text/plain", "fine"); }

/// A server session that is fed raw bytes.
class H2HostileFixture : public ::testing::Test {
 protected:
  /// Feeds bytes; what the session answers is in `answers` afterwards.
  Result<void> Feed(const std::string& bytes) {
    const auto view = std::as_bytes(std::span(bytes));
    std::vector<std::byte> exact(view.begin(), view.end());  // So that ASan sees its bounds.
    auto received = session->Receive(exact);
    executor.RunUntilIdle();
    OutBuffer out;
    while (session->wants_write()) {
      session->Produce(out, kH2Write);
      executor.RunUntilIdle();
    }
    for (SeenFrame& frame : ParseFrames(out)) answers.push_back(std::move(frame));
    return received;
  }

  void Restart(Service& other) {
    answers.clear();
    session = std::make_unique<H2ServerSession>(executor, limits, other);
  }

  /// The error code of the GOAWAY that was sent, if any.
  std::optional<std::uint32_t> GoawayCode() const {
    for (const SeenFrame& frame : answers) {
      if (frame.type == kGoaway) return static_cast<std::uint8_t>(frame.payload[7]);
    }
    return std::nullopt;
  }
  std::optional<std::uint32_t> ResetCode(std::uint32_t stream) const {
    for (const SeenFrame& frame : answers) {
      if (frame.type == kRst && frame.stream == stream) {
        return static_cast<std::uint8_t>(frame.payload[3]);
      }
    }
    return std::nullopt;
  }
  /// The status of a stream's response: it is the first field, from the static table or a literal.
  int Status(std::uint32_t stream) const {
    for (const SeenFrame& frame : answers) {
      if (frame.type != kHeaders || frame.stream != stream) continue;
      nghttp2_hd_inflater* inflater = nullptr;
      nghttp2_hd_inflate_new(&inflater);
      nghttp2_nv field{};
      int flags = 0;
      nghttp2_hd_inflate_hd2(inflater, &field, &flags,
                             reinterpret_cast<const std::uint8_t*>(frame.payload.data()),
                             frame.payload.size(), 1);
      const int status =
          std::stoi(std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
      nghttp2_hd_inflate_del(inflater);
      return status;
    }
    return 0;
  }

  TestExecutor executor;
  Limits limits;
  FakeService service{Ok200};
  std::vector<SeenFrame> answers;
  std::unique_ptr<H2ServerSession> session =
      std::make_unique<H2ServerSession>(executor, limits, service);
};

}  // namespace berth::http::testing
