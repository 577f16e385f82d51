#include "agent/forwarder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/adapters/claudecodeui.h"
#include "agent/adapters/fake_database_testing.h"
#include "agent/adapters/generic.h"
#include "agent/assertion_testing.h"
#include "agent/fake_instance_testing.h"
#include "agent/worker_testing.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "http/content_decoder.h"
#include "http/request_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;

class ForwarderTest : public ::testing::Test {
 protected:
  ForwarderTest()
      : status_(executor_, [](const StatusReport&) {}),
        forwarder_(executor_, limits_, instance_, info_, status_, hub_.gate),
        adapter_({executor_, worker_, instance_, info_}, {}) {
    info_.host = "127.0.0.1";
    info_.port = 5173;
    forwarder_.SetAdapter(&adapter_);
  }

  http::Request Get(std::string target) {
    http::Request request = http::testing::MakeRequest(std::move(target));
    hub_.Add(request.head.fields);
    return request;
  }

  http::Response Exchange(http::Request request) {
    auto response = executor_.Await(forwarder_.Exchange(std::move(request)));
    EXPECT_THAT(response, IsOk());
    return response ? std::move(*response) : http::Response{};
  }

  const berth::testing::TempFolder folder_;
  testing::TestHub hub_{folder_.path()};
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

TEST_F(ForwarderTest, AnAnswerThatOpensNoWebSocketIsOneWithWords) {
  for (const int status : {200, 204, 299, 404}) {
    instance_.OnJson("GET /ws", status, "{}");
    auto socket = Get("/ws");
    socket.head.protocol = "websocket";
    auto answer = Exchange(std::move(socket));
    EXPECT_EQ(answer.head.status, status == 404 ? 404 : 502);
    auto body = executor_.Await(http::ReadAll(answer.body.get(), 1 << 20));
    ASSERT_THAT(body, IsOk());
    const std::string says = fmt::format("answered {} instead of opening a WebSocket", status);
    EXPECT_EQ(body->find(says) != std::string::npos, status != 404) << *body;
  }
}

TEST_F(ForwarderTest, LeadsRedirectsToTheInstanceBackInBothModes) {
  for (const char* own : {"127.0.0.1:5173", "localhost:5173", "[::1]:5173"}) {
    instance_.On("GET /private", [own](const http::RequestHead&, const std::string&) {
      auto response = http::TextResponse(302, "text/plain", "");
      response.head.fields.Add("location", fmt::format("http://{}/login", own));
      return response;
    });
    auto in_path_mode = Get("/private");
    in_path_mode.head.fields.Add("x-forwarded-prefix", "/clients/a/proxy");
    EXPECT_EQ(Exchange(std::move(in_path_mode)).head.fields.Find("location"),
              "/clients/a/proxy/login");
    EXPECT_EQ(Exchange(Get("/private")).head.fields.Find("location"), "/login");
  }
}

TEST_F(ForwarderTest, CompressesWhereTheHubSaysSoAfterRewriting) {
  const std::string page = "<a href=\"/x\">" + std::string(50'000, 'a') + "</a>";
  instance_.On("GET /page", [&](const http::RequestHead&, const std::string&) {
    return http::TextResponse(200, "text/html", page);
  });
  struct Row {
    std::string_view asked, coding;
  };
  for (const auto& [asked, coding] : {Row{"zstd", "zstd"}, Row{"br", "br"}, Row{"gzip", "gzip"},
                                      Row{"x", ""}, Row{"identity", ""}, Row{"", ""}}) {
    auto request = Get("/page");
    request.head.fields.Add("x-forwarded-prefix", "/clients/a/proxy");
    request.head.fields.Add("accept", "text/html");
    request.head.fields.Add("accept-encoding", "zstd, br, gzip");
    if (!asked.empty()) request.head.fields.Add("x-berth-compress", asked);
    auto response = Exchange(std::move(request));
    EXPECT_EQ(response.head.fields.Find("content-encoding").value_or(""), coding) << asked;
    EXPECT_FALSE(instance_.heads.back().fields.Has("x-berth-compress"));
    auto body = executor_.Await(http::ReadAll(response.body.get(), 1 << 20));
    ASSERT_THAT(body, IsOk());
    auto decoder = http::ContentDecoder::Create(coding);
    std::string_view in = *body;
    std::string text;
    for (std::size_t before = 1; !in.empty() || before != text.size();) {
      before = text.size();
      ASSERT_THAT(decoder->Decode(in, text), IsOk());
    }
    EXPECT_THAT(decoder->Finish(), IsOk());
    EXPECT_NE(text.find("href=\"/clients/a/proxy/x\""), std::string::npos);
    EXPECT_EQ(body->size() < 40'000, !coding.empty());
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

TEST_F(ForwarderTest, NothingPassesWithoutAnAssertion) {
  // Not even what would be answered without the instance, or refused for another reason.
  for (const char* target : {"/", "/api/x", "//evil.example", "/api/auth/login"}) {
    auto unsigned_request = Get(target);
    unsigned_request.head.fields.Remove(control::kAssertionField);
    EXPECT_EQ(Exchange(std::move(unsigned_request)).head.status, 403) << target;
    auto twice = Get(target);
    hub_.Add(twice.head.fields);
    EXPECT_EQ(Exchange(std::move(twice)).head.status, 403) << target;
  }
  auto forged = Get("/");
  auto text = hub_.Sign(hub_.user);
  text[10] = text[10] == 'A' ? 'B' : 'A';
  forged.head.fields.Set(control::kAssertionField, text);
  const auto response = Exchange(std::move(forged));
  EXPECT_EQ(response.head.status, 403);
  EXPECT_EQ(response.head.fields.Find("x-berth-error"), "not-asserted");
  hub_.now += std::chrono::minutes(2);
  EXPECT_EQ(Exchange(Get("/")).head.fields.Find("x-berth-error"), "not-in-time");
  EXPECT_TRUE(instance_.heads.empty());
}

TEST_F(ForwarderTest, AdmitsOnlyWhomTheAgentAllows) {
  forwarder_.SetAllowList({.users = {"alice"}});
  // What version 1 took for a name counts for nothing.
  auto claimed = Get("/");
  claimed.head.fields.Add("x-orchestrator-username", "alice");
  const auto response = Exchange(std::move(claimed));
  EXPECT_EQ(response.head.status, 403);
  EXPECT_EQ(response.head.fields.Find("x-berth-error"), "not-allowed");
  EXPECT_TRUE(instance_.heads.empty());
  forwarder_.SetAllowList({.users = {"alice", "octocat"}});
  EXPECT_EQ(Exchange(Get("/")).head.status, 200);
  forwarder_.SetAllowList({.groups = {"acme/platform"}});
  EXPECT_EQ(Exchange(Get("/")).head.status, 200);
  forwarder_.SetAllowList({.groups = {"acme/other"}});
  EXPECT_EQ(Exchange(Get("/")).head.status, 403);
}

TEST_F(ForwarderTest, RefusedRequestsFillNoLog) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Exchange(Get("http://elsewhere/")).head.status, 400);
    EXPECT_EQ(Exchange(http::testing::MakeRequest("/")).head.status, 403);
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

TEST_F(ForwarderTest, AnAnswerCountsOnlyFromWhomTheAgentAllows) {
  EXPECT_THAT(forwarder_.AdmitAnswer(""), FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(forwarder_.AdmitAnswer("a.b"), FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(forwarder_.AdmitAnswer(hub_.Sign(hub_.user)), IsOk());
  control::Assertion other = hub_.user;
  other.tunnel = "tunnel-2";
  EXPECT_THAT(forwarder_.AdmitAnswer(hub_.Sign(other)), FailsWith(ErrorKind::kForbidden));
  other = hub_.user;
  other.role = control::Role::kViewer;
  EXPECT_THAT(forwarder_.AdmitAnswer(hub_.Sign(other)), FailsWith(ErrorKind::kForbidden));
  forwarder_.SetAllowList({.users = {"alice"}});
  EXPECT_THAT(forwarder_.AdmitAnswer(hub_.Sign(hub_.user)), FailsWith(ErrorKind::kForbidden));
}

TEST_F(ForwarderTest, TellsTheInstanceWhoAsksOnlyOnRequest) {
  const auto ask = [&] {
    auto request = Get("/");
    for (const char* name : {"X-Orchestrator-User-Id", "x_orchestrator_user_id",
                             "X-Orchestrator-Username", "x-orchestrator_username",
                             "X-Orchestrator-Anything", "x_berth_assertion", "X-Berth-Role"}) {
      request.head.fields.Add(name, "forged");
    }
    EXPECT_EQ(Exchange(std::move(request)).head.status, 200);
    return instance_.heads.back().fields;
  };
  for (const auto& [name, value] : ask()) {
    EXPECT_FALSE(name.starts_with("x-orch") || name.starts_with("x_orch")) << name;
    EXPECT_NE(value, "forged") << name;
  }
  Generic telling({executor_, worker_, instance_, info_}, {.identity_headers = true});
  forwarder_.SetAdapter(&telling);
  const auto told = ask();
  EXPECT_EQ(told.Find("x-orchestrator-user-id"), "583231");
  EXPECT_EQ(told.Find("x-orchestrator-username"), "Octocat");
  for (const auto& [name, value] : told) EXPECT_NE(value, "forged") << name;
  hub_.user.provider = "oidc";
  hub_.user.login = "a\r\nb: c";
  EXPECT_EQ(ask().Find("x-orchestrator-user-id"), "oidc:583231");
  EXPECT_FALSE(ask().Has("x-orchestrator-username"));
  hub_.user.subject = "1\r\nb: c";
  EXPECT_FALSE(ask().Has("x-orchestrator-user-id"));
}

TEST_F(ForwarderTest, TheHubsOwnPathsReachNoInstance) {
  for (const char* target : {"/.berth/x", "/.berth", "/%2eberth/x", "/a/../.berth/x"}) {
    EXPECT_EQ(Exchange(Get(target)).head.status, 404) << target;
  }
  EXPECT_TRUE(instance_.heads.empty());
}

TEST_F(ForwarderTest, AViewerMayOnlyRead) {
  hub_.user.role = control::Role::kViewer;
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "LOCK"}) {
    auto request = Get("/");
    request.head.method = method;
    const auto response = Exchange(std::move(request));
    EXPECT_EQ(response.head.status, 403) << method;
    EXPECT_EQ(response.head.fields.Find("x-berth-error"), "read-only") << method;
  }
  EXPECT_TRUE(instance_.heads.empty());
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    auto request = Get("/");
    request.head.method = method;
    for (const char* name : {"x-http-method-override", "X-HTTP_Method", "x-method-override"}) {
      request.head.fields.Add(name, "DELETE");
    }
    EXPECT_EQ(Exchange(std::move(request)).head.status, 200) << method;
    for (const auto& [name, value] : instance_.heads.back().fields) EXPECT_NE(value, "DELETE");
  }
  auto socket = Get("/ws");
  socket.head.protocol = "websocket";
  socket.body = std::make_unique<http::TextBody>("");
  EXPECT_EQ(Exchange(std::move(socket)).head.status, 403);
  EXPECT_EQ(instance_.heads.size(), 3U);
  hub_.user.role = control::Role::kOperator;
  auto post = Get("/");
  post.head.method = "POST";
  EXPECT_EQ(Exchange(std::move(post)).head.status, 200);
}

TEST_F(ForwarderTest, AViewerOfAClaudeCodeUiReadsWithoutSpeaking) {
  SignInOptions options{.home = folder_.path()};
  options.create_user = false;
  ClaudeCodeUi adapter({executor_, worker_, instance_, info_}, std::move(options));
  forwarder_.SetAdapter(&adapter);
  hub_.user.role = control::Role::kViewer;
  EXPECT_EQ(Exchange(Get("/api/projects/clone-progress")).head.status, 403);
  EXPECT_TRUE(instance_.heads.empty());
  std::string heard;
  instance_.OnUpgrade([&](http::BodyPtr body) {
    heard = executor_.Await(http::ReadAll(body.get(), 1 << 20)).value();
  });
  std::string said;
  http::AppendFrame(said, http::WebSocketOpcode::kText, R"({"type":"chat.send"})",
                    http::RandomMaskKey());
  const std::size_t before = said.size();
  http::AppendFrame(said, http::WebSocketOpcode::kPing, "p", http::RandomMaskKey());
  auto socket = Get("/ws");
  socket.head.protocol = "websocket";
  socket.head.fields.Add("sec-websocket-extensions", "permessage-deflate");
  socket.body = std::make_unique<http::TextBody>(said);
  Exchange(std::move(socket));
  ASSERT_EQ(instance_.heads.size(), 1U);
  EXPECT_FALSE(instance_.heads[0].fields.Has("sec-websocket-extensions"));
  EXPECT_EQ(heard.size(), said.size() - before);  // The ping alone.
}

TEST_F(ForwarderTest, NoLinkActsAtAClaudeCodeUi) {
  SignInOptions options{.home = folder_.path()};
  options.create_user = false;
  ClaudeCodeUi adapter({executor_, worker_, instance_, info_}, std::move(options));
  forwarder_.SetAdapter(&adapter);
  const auto ask = [&](std::string target, const char* mode, const char* destination) {
    auto request = Get(std::move(target));
    request.head.fields.Add("sec-fetch-site", "same-origin");
    request.head.fields.Add("sec-fetch-mode", mode);
    request.head.fields.Add("sec-fetch-dest", destination);
    return Exchange(std::move(request));
  };
  for (const char* target : {"/api/projects/clone-progress?path=x", "/api/plugins/x/rpc/run"}) {
    instance_.heads.clear();
    const auto refused = ask(target, "navigate", "document");
    EXPECT_EQ(refused.head.fields.Find("x-berth-error"), "not-by-page");
    EXPECT_TRUE(instance_.heads.empty());
    ask(target, "cors", "empty");
    Exchange(Get(target));  // Of no browser.
    ask("/session/1", "navigate", "document");
    EXPECT_EQ(instance_.heads.size(), 3U);
  }
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
  instance_.SetAway(Forbidden("another user listens"));
  EXPECT_EQ(Exchange(Get("/")).head.fields.Find("x-berth-error"), "instance-foreign");
  EXPECT_EQ(away, 2);
  instance_.SetAway(Internal("open socket: too many open files"));
  EXPECT_EQ(Exchange(Get("/")).head.fields.Find("x-berth-error"), "agent-failed");
  EXPECT_EQ(away, 2);
  instance_.SetAway(Cancelled("nobody waits"));
  EXPECT_THAT(executor_.Await(forwarder_.Exchange(Get("/"))), FailsWith(ErrorKind::kCancelled));
}

TEST_F(ForwarderTest, SaysWhatKeepsItFromAnInstanceThatWasNeverFound) {
  forwarder_.SetAdapter(nullptr);
  forwarder_.SetTrouble(Forbidden("another user listens"));
  std::optional<http::Response> answer;
  const Job asking(executor_, "ask",
                   [](Forwarder& forwarder, http::Request request,
                      std::optional<http::Response>& into) -> Task<void> {
                     auto response = co_await forwarder.Exchange(std::move(request));
                     if (response) into = std::move(*response);
                   }(forwarder_, Get("/x"), answer));
  executor_.Advance(limits_.instance_lookup);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->head.fields.Find("x-berth-error"), "instance-foreign");
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
  executor_.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(status_.report().status, control::Status::kIdle);
}

}  // namespace
}  // namespace berth::agent
