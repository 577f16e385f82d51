#include "http/websocket_handshake.h"

#include <gtest/gtest.h>

#include "http/date.h"

namespace berth::http {
namespace {

TEST(WebSocketHandshakeTest, AnswersAsTheStandardShows) {
  EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshakeTest, MakesKeysThatItAccepts) {
  const std::string key = MakeWebSocketKey();
  EXPECT_TRUE(IsWebSocketKey(key));
  EXPECT_NE(key, MakeWebSocketKey());
}

TEST(WebSocketHandshakeTest, RefusesOtherKeys) {
  for (const std::string_view key :
       {"", "AAAA", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR==",
        "dGhlIHNhbXBsZSBub25j_Q==", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQAA"}) {
    EXPECT_FALSE(IsWebSocketKey(key)) << key;
  }
}

TEST(DateTest, IsWrittenAsTheStandardShows) {
  EXPECT_EQ(FormatHttpDate(std::chrono::sys_seconds(std::chrono::seconds(784111777))),
            "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDateNow().size(), 29u);
}

}  // namespace
}  // namespace berth::http
