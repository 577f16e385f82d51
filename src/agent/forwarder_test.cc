#include "agent/forwarder.h"

#include <gtest/gtest.h>

#include "agent/adapters/claudecodeui.h"
#include "agent/adapters/fake_database_testing.h"
#include "agent/adapters/generic.h"
#include "agent/fake_instance_testing.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;

class ForwarderTest : public ::testing::Test {
 protected:
  ForwarderTest()
      : status_(executor_, [](const StatusReport&) {}),
        forwarder_(executor_, limits_, instance_, info_, status_),
        adapter_({executor_, worker_, instance_, info_}, {}) {
    info_.host = "127.0.0.1";
    info_.port = 5173;
    forwarder_.SetAdapter(&adapter_);
  }

  http::Request Get(std::string target) {
    http::Request request;
    request.head.method = "GET";
    request.head.scheme = "https";
    request.head.authority = "hub.example";
    request.head.target = std::move(target);
    return request;
  }

  http::Response Exchange(http::Request request) {
    auto response = executor_.Await(forwarder_.Exchange(std::move(request)));
    EXPECT_THAT(response, IsOk());
    return response ? std::move(*response) : http::Response{};
  }

  TestExecutor executor_;
  Limits limits_;
  InlineWorker worker_;
  testing::FakeInstance instance_;
  InstanceInfo info_;
  StatusTracker status_;
  Forwarder forwarder_;
  Generic adapter_;
};

TEST_F(ForwarderTest, TalksToTheInstanceInItsOwnTerms) {
  instance_.OnJson("GET /api/x", 200, "{}");
  auto request = Get("/api/x?y");
  request.head.fields.Add("x-forwarded-host", "hub.example");
  request.head.fields.Add("x-forwarded-proto", "https");
  request.head.fields.Add("x-forwarded-prefix", "/clients/a/proxy");
  request.head.fields.Add("origin", "https://hub.example");
  request.head.fields.Add("referer", "https://hub.example/clients/a/proxy/page?q");
  request.head.fields.Add("connection", "x-hop");
  request.head.fields.Add("x-hop", "1");
  request.head.fields.Add("x-berth-assertion", "signed");
  request.head.fields.Add("authorization", "Basic of-the-user");
  EXPECT_EQ(Exchange(std::move(request)).head.status, 200);
  ASSERT_EQ(instance_.heads.size(), 1U);
  const auto& head = instance_.heads[0];
  EXPECT_EQ(head.authority, "127.0.0.1:5173");
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.target, "/api/x?y");
  EXPECT_EQ(head.fields.Find("origin"), "http://127.0.0.1:5173");
  EXPECT_EQ(head.fields.Find("referer"), "http://127.0.0.1:5173/page?q");
  EXPECT_EQ(head.fields.Find("x-forwarded-host"), "hub.example");
  EXPECT_EQ(head.fields.Find("authorization"), "Basic of-the-user");
  EXPECT_FALSE(head.fields.Has("x-hop"));
  EXPECT_FALSE(head.fields.Has("x-berth-assertion"));
}

TEST_F(ForwarderTest, LeavesAForeignOriginForTheInstanceToSee) {
  for (const char* origin : {"https://evil.example", "https://hub.example.evil", "null"}) {
    auto request = Get("/");
    request.head.fields.Add("x-forwarded-host", "hub.example");
    request.head.fields.Add("x-forwarded-proto", "https");
    request.head.fields.Add("origin", origin);
    request.head.fields.Add("referer", "https://hub.example.evil/x");
    Exchange(std::move(request));
    EXPECT_EQ(instance_.heads.back().fields.Find("origin"), origin);
    EXPECT_EQ(instance_.heads.back().fields.Find("referer"), "https://hub.example.evil/x");
  }
}

TEST_F(ForwarderTest, RefusesHostilePaths) {
  const std::string nul("/a\0b", 4);
  for (const std::string& target :
       {std::string("//evil.example/x"), std::string("http://evil.example/"),
        std::string("@evil.example"), std::string("evil.example"), std::string(""),
        std::string("*"), std::string("/a b"), std::string("/a\r\nHost: x"), nul,
        std::string("/a#b"), std::string("/\\evil.example"), std::string("\\\\evil"),
        std::string("/\xc3\xa9"), std::string("/\x7f")}) {
    EXPECT_EQ(Exchange(Get(target)).head.status, 400) << target;
  }
  for (const char* method : {"CONNECT", "TRACE"}) {
    auto request = Get("/");
    request.head.method = method;
    EXPECT_EQ(Exchange(std::move(request)).head.status, 400);
  }
  EXPECT_TRUE(instance_.heads.empty());
}

TEST_F(ForwarderTest, PassesUnusualButHarmlessPaths) {
  for (const char* target :
       {"/@vite/client", "/a/../b", "/%2e%2e/", "/a//b", "/a:80@x", "/?a=//b"}) {
    Exchange(Get(target));
    EXPECT_EQ(instance_.heads.back().target, target);
  }
}

TEST_F(ForwarderTest, AdmitsOnlyWhomTheAgentAllows) {
  forwarder_.SetAllowList({.users = {"Alice"}});
  EXPECT_EQ(Exchange(Get("/")).head.status, 403);
  auto mallory = Get("/");
  mallory.head.fields.Add("x-orchestrator-username", "mallory");
  EXPECT_EQ(Exchange(std::move(mallory)).head.status, 403);
  auto twice = Get("/");
  twice.head.fields.Add("x-orchestrator-username", "alice");
  twice.head.fields.Add("x-orchestrator-username", "mallory");
  EXPECT_EQ(Exchange(std::move(twice)).head.status, 403);
  EXPECT_TRUE(instance_.heads.empty());
  auto alice = Get("/");
  alice.head.fields.Add("x-orchestrator-username", "alice");
  EXPECT_EQ(Exchange(std::move(alice)).head.status, 200);
  forwarder_.SetAllowList({.groups = {"org/team"}});
  auto nobody = Get("/");
  nobody.head.fields.Add("x-orchestrator-username", "alice");
  EXPECT_EQ(Exchange(std::move(nobody)).head.status, 403);
}

TEST_F(ForwarderTest, SaysSoWhenTheInstanceIsAway) {
  int away = 0;
  forwarder_.SetOnAway([&away] { ++away; });
  instance_.SetAway(Unavailable("refused"));
  auto response = Exchange(Get("/"));
  EXPECT_EQ(response.head.status, 502);
  EXPECT_EQ(response.head.fields.Find("x-berth-error"), "instance-unavailable");
  EXPECT_EQ(response.head.fields.Find("content-type"), "application/problem+json");
  EXPECT_EQ(response.head.fields.Find("vary"), "*");
  EXPECT_EQ(away, 1);
  instance_.SetAway(Cancelled("nobody waits"));
  EXPECT_THAT(executor_.Await(forwarder_.Exchange(Get("/"))), FailsWith(ErrorKind::kCancelled));
}

TEST_F(ForwarderTest, WaitsAMomentForAnInstanceThatIsNotFoundYet) {
  instance_.OnJson("GET /x", 200, "{}");
  forwarder_.SetAdapter(nullptr);
  auto early = forwarder_.Exchange(Get("/x"));
  early.Start();
  executor_.Advance(limits_.instance_lookup / 2);
  EXPECT_FALSE(early.is_done());
  forwarder_.SetAdapter(&adapter_);
  executor_.RunUntilIdle();
  ASSERT_TRUE(early.is_done());
  EXPECT_EQ(early.Take()->head.status, 200);

  forwarder_.SetAdapter(nullptr);
  auto futile = forwarder_.Exchange(Get("/x"));
  futile.Start();
  executor_.Advance(limits_.instance_lookup);
  ASSERT_TRUE(futile.is_done());
  auto response = futile.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 502);
  EXPECT_EQ(response->head.fields.Find("x-berth-error"), "instance-unavailable");
}

TEST_F(ForwarderTest, LetsNoInstanceSpeakForTheAgent) {
  instance_.On("GET /x", [](const http::RequestHead&, const std::string&) {
    auto response = http::TextResponse(502, "text/plain", "mine");
    response.head.fields.Add("X-Berth-Error", "instance-unavailable");
    return response;
  });
  auto response = Exchange(Get("/x"));
  EXPECT_EQ(response.head.status, 502);
  EXPECT_FALSE(response.head.fields.Has("x-berth-error"));
}

TEST_F(ForwarderTest, CountsAnEventStreamAsALiveBrowser) {
  instance_.On("GET /events", [](const http::RequestHead&, const std::string&) {
    return http::TextResponse(200, "text/event-stream; charset=utf-8", "data: 1\n\n");
  });
  Job run(executor_, "status", status_.Run());
  auto response = std::make_unique<http::Response>(Exchange(Get("/events")));
  executor_.RunUntilIdle();
  EXPECT_EQ(status_.report().status, control::Status::kActive);
  response.reset();
  executor_.RunUntilIdle();
  EXPECT_EQ(status_.report().status, control::Status::kIdle);
}

TEST_F(ForwarderTest, SendsASmallBodyAgainAfterARefusal) {
  const berth::testing::TempFolder folder;
  const auto database = folder.path() / "auth.db";
  testing::MakeDatabase(database, "old");
  testing::AddUser(database, 1, "alice");
  SignInOptions options{.database = database, .home = folder.path()};
  options.create_user = false;
  ClaudeCodeUi adapter({executor_, worker_, instance_, info_}, std::move(options));
  forwarder_.SetAdapter(&adapter);
  instance_.OnJson("GET /api/auth/user", 200, "{}");
  Exchange(Get("/"));
  executor_.Advance(std::chrono::seconds(2));

  std::filesystem::remove(database);
  testing::MakeDatabase(database, "new");
  testing::AddUser(database, 1, "alice");
  instance_.On("POST /api/x", [tries = 0](const http::RequestHead&, const std::string&) mutable {
    if (++tries > 1) return http::TextResponse(200, "application/json", "{}");
    auto response = http::TextResponse(401, "application/json", "{}");
    response.head.fields.Add("x-auth-error", "invalid-token");
    return response;
  });
  auto request = Get("/api/x");
  request.head.method = "POST";
  request.body = std::make_unique<http::TextBody>("payload");
  EXPECT_EQ(Exchange(std::move(request)).head.status, 200);
  EXPECT_EQ(instance_.Count("POST /api/x"), 2);
  EXPECT_EQ(instance_.bodies.back(), "payload");

  instance_.On("POST /api/x", [](const http::RequestHead&, const std::string&) {
    auto response = http::TextResponse(401, "application/json", "{}");
    response.head.fields.Add("x-auth-error", "invalid-token");
    return response;
  });
  executor_.Advance(std::chrono::seconds(2));
  auto again = Get("/api/x");
  again.head.method = "POST";
  EXPECT_EQ(Exchange(std::move(again)).head.status, 401);
  EXPECT_EQ(instance_.Count("POST /api/x"), 3);
}

}  // namespace
}  // namespace berth::agent
