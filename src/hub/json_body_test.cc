#include "hub/json_body.h"

#include <gmock/gmock.h>

#include "hub/hub_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

struct JsonBodyTest : testing::HubFixture {
  Result<JsonBody> Read(std::string text) {
    auto request =
        http::testing::MakeRequest("/", std::make_unique<http::TextBody>(std::move(text)));
    return executor.Await(JsonBody::Read(hub, request));
  }
};

TEST_F(JsonBodyTest, ReadsAnObjectWithinItsBounds) {
  constexpr std::size_t kMost = 64 * 1024;
  const auto padded = [](std::size_t size) {
    return R"({"a":")" + std::string(size - 8, 'x') + R"("})";
  };
  EXPECT_THAT(Read(padded(kMost)), IsOk());
  EXPECT_THAT(Read(padded(kMost + 1)), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(Read(R"({"a":[[[]]]})"), IsOk());
  EXPECT_THAT(Read(R"({"a":[[[[]]]]})"), FailsWith(ErrorKind::kInvalid));
  for (const char* text : {"", "[]", "{", "{} {}", R"("a")"}) {
    EXPECT_THAT(Read(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

TEST_F(JsonBodyTest, AMisspeltMemberDoesNotPassForNone) {
  auto body = Read(R"({"name":"a","expire_at":null})").value();
  EXPECT_EQ(body.String("name"), "a");
  EXPECT_FALSE(body.TimeOrNone("expires_at"));
  EXPECT_THAT(body.Finish(), FailsWith(ErrorKind::kInvalid));
  EXPECT_FALSE(body.TimeOrNone("expire_at"));
  EXPECT_THAT(body.Finish(), IsOk());
}

}  // namespace
}  // namespace berth::hub
