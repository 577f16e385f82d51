#include "identity/oauth.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "identity/web_testing.h"

namespace berth::identity {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

constexpr const char* kEndpoint = "https://id.example/token";

struct TokenEndpointTest : ::testing::Test {
  berth::testing::TestExecutor executor;
  testing::FakeWeb web;
  const OAuthClient client{.id = "hub", .secret = Secret("secret")};

  Result<TokenAnswer> Ask(int status, std::string body) {
    web.Answer(kEndpoint, status, std::move(body));
    return executor.Await(AskForTokens(web, kEndpoint, client, ClientProof::kBasic, {}));
  }
};

TEST_F(TokenEndpointTest, TakesTheTokensOfAGoodAnswer) {
  const auto answer = Ask(200, R"({"access_token":"a","refresh_token":"r","id_token":"i"})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->credential.access.Reveal(), "a");
  EXPECT_EQ(answer->credential.refresh.Reveal(), "r");
  EXPECT_EQ(answer->id_token, "i");
}

TEST_F(TokenEndpointTest, TakesNoTokenOfAnyOtherAnswer) {
  for (const int status : {201, 302, 400, 500}) {
    EXPECT_THAT(Ask(status, R"({"access_token":"a"})"), FailsWith(ErrorKind::kUnavailable))
        << status;
  }
  // It goes into a field of requests.
  for (const char* token : {"", "a b", "a\\r\\nx: y", "\\u0000", "\\u00e4"}) {
    EXPECT_THAT(Ask(200, fmt::format(R"({{"access_token":"{}"}})", token)),
                FailsWith(ErrorKind::kUnavailable))
        << token;
  }
}

TEST_F(TokenEndpointTest, TellsARefusedGrantFromOtherErrors) {
  EXPECT_THAT(Ask(400, R"({"error":"invalid_grant"})"), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Ask(200, R"({"error":"bad_verification_code","access_token":"a"})"),
              FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Ask(400, R"({"error":"invalid_client"})"), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::identity
