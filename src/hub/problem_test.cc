#include "hub/problem.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/executor_testing.h"

namespace berth::hub {
namespace {

std::string BodyOf(http::Response response) {
  testing::TestExecutor executor;
  return executor.Await(http::ReadAll(response.body.get(), 1 << 20)).value();
}

http::RequestHead Navigation() {
  http::RequestHead head;
  head.method = "GET";
  head.fields.Add("sec-fetch-mode", "navigate");
  return head;
}

TEST(ProblemTest, ThePolicyAllowsExactlyThePagesOwnStyle) {
  auto response = InstanceProblem(ReaderOf(Navigation()), {502, "Away", "It is away."}, Retry::kNo,
                                  "https://hub.example/");
  const std::string policy(response.head.fields.Find("content-security-policy").value());
  const std::string page = BodyOf(std::move(response));
  const std::size_t begin = page.find("<style>") + 7;
  const std::string style = page.substr(begin, page.find("</style>") - begin);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(style.data()), style.size(), digest);
  unsigned char text[64];
  const int size = EVP_EncodeBlock(text, digest, sizeof digest);
  const std::string hash(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  EXPECT_NE(policy.find("'sha256-" + hash + "'"), std::string::npos) << hash;
}

TEST(ProblemTest, NoInstanceIsBlamedForTheHubsOwnDatabase) {
  EXPECT_EQ(ProblemOf(Unavailable("")).status, 502);
  const Problem problem = HubProblemOf(Unavailable("database is locked"));
  EXPECT_EQ(problem.status, 503);
  EXPECT_EQ(problem.detail.find("instance"), std::string::npos) << problem.detail;
  EXPECT_EQ(problem.detail.find("locked"), std::string::npos) << problem.detail;
  EXPECT_EQ(HubProblemOf(Forbidden("")).status, ProblemOf(Forbidden("")).status);
}

TEST(ProblemTest, WhatIsTooLargeIsSaid) {
  EXPECT_EQ(HubProblemOf(TooLarge("a body of more than 9 bytes")).detail,
            "A body of more than 9 bytes.");
}

TEST(ProblemTest, AnswersOnInstanceAddressesAreNeverKept) {
  http::RequestHead fetch;
  fetch.method = "GET";
  for (const auto& head : {Navigation(), fetch}) {
    auto response = InstanceProblem(ReaderOf(head), {502, "Away", "It is away."},
                                    Retry::kEvery3Seconds, "https://hub.example/");
    EXPECT_EQ(response.head.fields.Find("cache-control"), "no-store");
    EXPECT_EQ(response.head.fields.Find("vary"), "*");
  }
}

TEST(ProblemTest, TextOfPeersIsEscapedOnThePage) {
  auto response =
      InstanceProblem(ReaderOf(Navigation()), {502, "<script>", "\"><img src=x onerror=alert(1)>"},
                      Retry::kNo, "https://hub.example/");
  const std::string page = BodyOf(std::move(response));
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
}

TEST(ProblemTest, ProgramsGetProblemDetails) {
  auto response = ProblemResponse({404, "Not found", "No \"such\" thing."});
  EXPECT_EQ(response.head.fields.Find("content-type"), "application/problem+json");
  EXPECT_EQ(BodyOf(std::move(response)),
            "{\"type\":\"about:blank\",\"title\":\"Not found\",\"status\":404,"
            "\"detail\":\"No \\\"such\\\" thing.\"}\n");
}

}  // namespace
}  // namespace berth::hub
