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

/// 'sha256-...' of what stands in the one element `name` of the page.
std::string HashOf(std::string_view page, std::string_view name) {
  const std::size_t begin = page.find(fmt::format("<{}>", name)) + name.size() + 2;
  const std::string_view text =
      page.substr(begin, page.find(fmt::format("</{}>", name), begin) - begin);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char base64[64];
  const int size = EVP_EncodeBlock(base64, digest, sizeof digest);
  return fmt::format("'sha256-{}'", std::string_view(reinterpret_cast<char*>(base64),
                                                     static_cast<std::size_t>(size)));
}

TEST(ProblemTest, ThePolicyAllowsExactlyThePagesOwnStyleAndScript) {
  for (const std::string_view probe : {std::string_view(), kProbePath}) {
    auto response = ProblemFor(ReaderOf(Navigation()), {502, "Away", "It is away."}, probe,
                               "https://hub.example/");
    const std::string policy(response.head.fields.Find("content-security-policy").value());
    const std::string page = BodyOf(std::move(response));
    EXPECT_NE(policy.find("style-src " + HashOf(page, "style") + ";"), std::string::npos)
        << HashOf(page, "style");
    const bool has_script = page.find("<script>") != std::string::npos;
    EXPECT_EQ(has_script, !probe.empty());
    const std::string allowed =
        has_script ? "script-src " + HashOf(page, "script") + "; connect-src 'self';" : "script";
    EXPECT_EQ(policy.find(allowed) != std::string::npos, has_script) << allowed;
  }
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
    auto response = ProblemFor(ReaderOf(head), {502, "Away", "It is away."}, kProbePath,
                               "https://hub.example/");
    EXPECT_EQ(response.head.fields.Find("cache-control"), "no-store");
    EXPECT_EQ(response.head.fields.Find("vary"), "*");
  }
}

TEST(ProblemTest, TextOfPeersIsEscapedOnThePage) {
  auto response =
      ProblemFor(ReaderOf(Navigation()), {502, "<script>", "\"><img src=x onerror=alert(1)>"}, "",
                 "https://hub.example/");
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
