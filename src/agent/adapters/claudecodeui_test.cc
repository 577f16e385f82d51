#include "agent/adapters/claudecodeui.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "agent/adapters/fake_database_testing.h"
#include "agent/adapters/jwt.h"
#include "agent/adapters/password_file.h"
#include "agent/fake_instance_testing.h"
#include "agent/worker.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::IsOk;
using berth::testing::TempFolder;
using berth::testing::TestExecutor;

/// Does each job at once, unless it is stuck: then it keeps them.
struct StuckWorker : Worker {
  void Submit(std::move_only_function<void()> job) override {
    if (is_stuck) {
      waiting.push_back(std::move(job));
    } else {
      job();
    }
  }
  void Resume() {
    is_stuck = false;
    for (auto& job : std::exchange(waiting, {})) job();
  }

  bool is_stuck = false;
  std::vector<std::move_only_function<void()>> waiting;
};

class ClaudeCodeUiTest : public ::testing::Test {
 protected:
  ClaudeCodeUiTest() {
    info_.host = "127.0.0.1";
    info_.port = 3001;
    instance_.OnJson("GET /api/auth/user", 200, R"({"user":{"id":1}})");
  }

  std::filesystem::path database() const { return folder_.path() / ".cloudcli" / "auth.db"; }

  /// Made late, so that a test can set the stage first.
  ClaudeCodeUi& adapter() {
    if (!adapter_) {
      SignInOptions options{.home = folder_.path()};
      options.create_user = create_user_;
      options.state_folder = folder_.path() / "state";
      options.wall_clock = [this] { return wall_; };
      adapter_ = std::make_unique<ClaudeCodeUi>(
          AdapterContext{executor_, worker_, instance_, info_}, std::move(options));
    }
    return *adapter_;
  }

  void MakeUser(const std::string& secret = "hush") {
    testing::MakeDatabase(database(), secret);
    testing::AddUser(database(), 1, "alice");
  }

  /// A request as it would reach the instance.
  http::RequestHead Prepared(std::string target, http::Fields fields = {},
                             std::string protocol = "") {
    http::RequestHead head;
    head.method = "GET";
    head.scheme = "http";
    head.authority = "hub.example";
    head.target = std::move(target);
    head.protocol = std::move(protocol);
    head.fields = std::move(fields);
    EXPECT_THAT(executor_.Await(adapter().Prepare(head)), IsOk());
    return head;
  }

  std::string Bearer(const std::string& secret = "hush") const {
    return "Bearer " + MintToken(secret, 1, "alice", wall_, std::chrono::hours(1));
  }

  Verdict Inspect(const http::RequestHead& sent, http::Response& response) {
    return executor_.Await(adapter().Inspect(sent, response));
  }

  /// The instance takes this token and no other.
  void AcceptOnly(std::string token) {
    instance_.On("GET /api/auth/user", [token = "Bearer " + std::move(token)](
                                           const http::RequestHead& head, const std::string&) {
      const bool is_good = head.fields.Find("authorization") == token;
      return http::TextResponse(is_good ? 200 : 401, "application/json", "{}");
    });
  }

  /// A user signs in at the instance's own form; gives what the browser gets.
  std::string SignInByHand() {
    http::RequestHead login = Prepared("/api/auth/login");
    login.method = "POST";
    EXPECT_FALSE(adapter().Answer(login));
    http::Response response = http::TextResponse(
        200, "application/json",
        R"({"success":true,"user":{"id":4,"username":"dora"},"token":"real.real.real"})");
    EXPECT_EQ(Inspect(login, response), Verdict::kPass);
    executor_.RunUntilIdle();
    auto text = executor_.Await(http::ReadAll(response.body.get(), 1 << 20));
    return text ? *text : "";
  }

  TempFolder folder_;
  TestExecutor executor_;
  StuckWorker worker_;
  testing::FakeInstance instance_;
  InstanceInfo info_;
  bool create_user_ = false;
  WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
  std::unique_ptr<ClaudeCodeUi> adapter_;
};

http::Response Refusal() {
  http::Response response =
      http::TextResponse(401, "application/json", R"({"code":"AUTH_TOKEN_INVALID"})");
  response.head.fields.Add("x-auth-error", "invalid-token");
  return response;
}

std::string TextOf(TestExecutor& executor, http::Response& response) {
  auto text = executor.Await(http::ReadAll(response.body.get(), 1 << 20));
  return text ? *text : "";
}

TEST(WithoutTokenParameter, RemovesEverySpellingAndNothingElse) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/ws", "/ws"},
      {"/ws?token=abc", "/ws"},
      {"/ws?token=", "/ws"},
      {"/ws?token", "/ws"},
      {"/ws?a=1&token=abc&b=%20", "/ws?a=1&b=%20"},
      {"/ws?token=a&token=b&c=d", "/ws?c=d"},
      {"/ws?%74oken=abc&x=1", "/ws?x=1"},
      {"/ws?%74%6F%6b%65%6E=abc", "/ws"},
      {"/ws?token[]=abc", "/ws"},
      {"/ws?token%5B0%5D=abc", "/ws"},
      {"/ws?[token]=abc&%5btoken%5D[]=d", "/ws"},
      {"/ws?token]=abc&[[token]]=d", "/ws?token]=abc&[[token]]=d"},
      {"/ws?Token=abc", "/ws?Token=abc"},
      {"/ws?tokens=1&mytoken=2", "/ws?tokens=1&mytoken=2"},
      {"/ws?a=token=1", "/ws?a=token=1"},
      {"/ws?a&&b=", "/ws?a&&b="},
      {"/ws?", "/ws?"},
      {"/ws?token=abc&", "/ws?"},
      {"/token=1", "/token=1"},
  };
  for (const auto& [from, to] : cases) EXPECT_EQ(WithoutTokenParameter(from), to) << from;
}

TEST(RoutingPath, IsThePathAsTheInstanceComparesIt) {
  EXPECT_EQ(RoutingPath("/API/Auth/Login/?x"), "/api/auth/login");
  EXPECT_EQ(RoutingPath("/api/%61uth"), "/api/auth");
  EXPECT_EQ(RoutingPath("/"), "/");
}

TEST_F(ClaudeCodeUiTest, SignsEveryRequestIn) {
  MakeUser();
  http::Fields fields;
  fields.Add("Authorization", "Bearer berth.berth.berth");
  fields.Add("authorization", "Basic again");
  const auto head = Prepared("/api/projects?token=berth.berth.berth&x=1", fields);
  EXPECT_EQ(head.target, "/api/projects?x=1");
  EXPECT_EQ(head.fields.Count("authorization"), 1U);
  EXPECT_EQ(head.fields.Find("authorization"), Bearer());
  const auto socket = Prepared("/ws?token=", {}, "websocket");
  EXPECT_EQ(socket.target, "/ws");
  EXPECT_EQ(socket.fields.Find("authorization"), Bearer());
  EXPECT_EQ(instance_.Count("GET /api/auth/user"), 1);
}

TEST_F(ClaudeCodeUiTest, LeavesTheApiForProgramsToItsOwnKey) {
  MakeUser();
  http::Fields fields;
  fields.Add("authorization", "Bearer of.the.browser");
  fields.Add("x-api-key", "ck_1");
  const auto head = Prepared("/api/agent?apiKey=ck_1", fields);
  EXPECT_FALSE(head.fields.Has("authorization"));
  EXPECT_EQ(head.fields.Find("x-api-key"), "ck_1");
  EXPECT_EQ(head.target, "/api/agent?apiKey=ck_1");
}

TEST_F(ClaudeCodeUiTest, AnswersSignInRoutesItself) {
  MakeUser();
  Prepared("/");
  for (const char* target :
       {"/api/auth/login", "/API/auth/register/", "/api/auth/refresh?token=x"}) {
    http::RequestHead head;
    head.method = "POST";
    head.target = target;
    auto response = adapter().Answer(head);
    ASSERT_TRUE(response) << target;
    const std::string text = TextOf(executor_, *response);
    EXPECT_NE(text.find("berth.berth.berth"), text.npos);
    EXPECT_EQ(response->head.fields.Find("cache-control"), "no-store");
  }
  http::RequestHead user;
  user.method = "GET";
  user.target = "/api/auth/user";
  EXPECT_FALSE(adapter().Answer(user));
}

TEST_F(ClaudeCodeUiTest, BlocksTheRouteOfLocalProcesses) {
  for (const char* target :
       {"/api/browser-use-mcp", "/API/Browser-Use-MCP/x?y", "/api/browser%2duse-mcp/"}) {
    http::RequestHead head;
    head.method = "POST";
    head.target = target;
    const auto response = adapter().Answer(head);
    ASSERT_TRUE(response) << target;
    EXPECT_EQ(response->head.status, 403);
  }
  http::RequestHead other;
  other.method = "GET";
  other.target = "/api/browser-use";
  EXPECT_FALSE(adapter().Answer(other));
}

TEST_F(ClaudeCodeUiTest, RenewsItsTokenInTime) {
  MakeUser();
  const std::string first = Bearer();
  EXPECT_EQ(Prepared("/").fields.Find("authorization"), first);
  wall_ += std::chrono::minutes(29);
  EXPECT_EQ(Prepared("/").fields.Find("authorization"), first);
  wall_ += std::chrono::minutes(1);
  EXPECT_EQ(Prepared("/").fields.Find("authorization"), Bearer());
  EXPECT_NE(Bearer(), first);
}

TEST_F(ClaudeCodeUiTest, RetriesOnceWithTheNewSecretOfAReplacedDatabase) {
  MakeUser("old");
  const auto sent = Prepared("/api/projects");
  executor_.Advance(std::chrono::seconds(2));
  std::filesystem::remove(database());
  MakeUser("new");
  http::Response refused = Refusal();
  EXPECT_EQ(Inspect(sent, refused), Verdict::kRetry);
  EXPECT_EQ(Prepared("/api/projects").fields.Find("authorization"), Bearer("new"));
}

TEST_F(ClaudeCodeUiTest, KeepsThePageSignedInWhenItCannotRetry) {
  MakeUser("old");
  const auto sent = Prepared("/api/upload");
  executor_.Advance(std::chrono::seconds(2));
  std::filesystem::remove(database());
  MakeUser("new");
  http::Response refused = Refusal();
  Inspect(sent, refused);
  EXPECT_FALSE(refused.head.fields.Has("x-auth-error"));
}

TEST_F(ClaudeCodeUiTest, PassesARefusalThatANewReadingDoesNotChange) {
  MakeUser();
  const auto sent = Prepared("/api/projects");
  executor_.Advance(std::chrono::seconds(2));
  http::Response refused = Refusal();
  EXPECT_EQ(Inspect(sent, refused), Verdict::kPass);
  EXPECT_TRUE(refused.head.fields.Has("x-auth-error"));
}

TEST_F(ClaudeCodeUiTest, NoticesAReplacedDatabaseWithoutARefusal) {
  MakeUser("old");
  Prepared("/");
  std::filesystem::remove(database());
  MakeUser("new");
  executor_.Advance(std::chrono::seconds(11));
  Prepared("/");  // Looks at the file.
  executor_.RunUntilIdle();
  EXPECT_EQ(Prepared("/").fields.Find("authorization"), Bearer("new"));
}

TEST_F(ClaudeCodeUiTest, LooksForAReplacedDatabaseOnTheWorkerAlone) {
  MakeUser();
  EXPECT_EQ(Prepared("/api/x").fields.Find("authorization"), Bearer());
  executor_.Advance(std::chrono::seconds(11));
  worker_.is_stuck = true;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Prepared("/api/x").fields.Find("authorization"), Bearer());
    executor_.Advance(std::chrono::seconds(11));
    EXPECT_EQ(worker_.waiting.size(), 1U);  // The look, though nothing has changed; never two.
  }
  std::filesystem::remove(database());
  MakeUser("other");
  worker_.Resume();
  executor_.RunUntilIdle();
  EXPECT_EQ(Prepared("/api/x").fields.Find("authorization"), Bearer("other"));
}

TEST_F(ClaudeCodeUiTest, DropsRefreshedTokens) {
  MakeUser();
  http::Response response = http::TextResponse(200, "application/json", "{}");
  response.head.fields.Add("x-refreshed-token", "real");
  EXPECT_EQ(Inspect(Prepared("/api/projects"), response), Verdict::kPass);
  EXPECT_FALSE(response.head.fields.Has("x-refreshed-token"));
}

TEST_F(ClaudeCodeUiTest, GivesUpTheDatabaseOfAnotherInstance) {
  MakeUser();
  instance_.OnJson("GET /api/auth/user", 401, "{}");
  EXPECT_FALSE(Prepared("/api/projects").fields.Has("authorization"));
  EXPECT_EQ(adapter().sign_in().state(), SignIn::State::kFailed);
}

TEST_F(ClaudeCodeUiTest, TellsOnceThatItsCredentialIsGoodNoMore) {
  MakeUser();
  int lost = 0;
  adapter().sign_in().SetOnLost([&lost] { ++lost; });
  Prepared("/api/projects");
  instance_.OnJson("GET /api/auth/user", 401, "{}");
  for (int i = 0; i < 3; ++i) {
    adapter().OnInstanceFound();
    executor_.Advance(std::chrono::seconds(2));
    EXPECT_EQ(adapter().sign_in().state(), SignIn::State::kFailed);
    EXPECT_EQ(lost, 1);
  }
}

TEST_F(ClaudeCodeUiTest, KeepsTheTokenOfASignInByHand) {
  // No database that we could read.
  const std::string text = SignInByHand();
  EXPECT_EQ(text.find("real.real.real"), text.npos);
  EXPECT_NE(text.find("berth.berth.berth"), text.npos);
  EXPECT_EQ(Prepared("/api/projects").fields.Find("authorization"), "Bearer real.real.real");
}

TEST_F(ClaudeCodeUiTest, ASignInByHandOutlivesWhatAnotherDatabaseSays) {
  AcceptOnly("real.real.real");
  const auto expect_kept = [this] {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Prepared("/api/projects").fields.Find("authorization"), "Bearer real.real.real");
      EXPECT_EQ(adapter().sign_in().state(), SignIn::State::kSignedIn);
      adapter().OnInstanceFound();
      executor_.Advance(std::chrono::seconds(2));
    }
  };
  testing::MakeDatabase(database(), "hush");  // Without a user.
  SignInByHand();
  expect_kept();
  adapter_.reset();
  testing::AddUser(database(), 1, "alice");
  SignInByHand();
  expect_kept();
  // Away, it has not said that ours is any better.
  instance_.SetAway(Unavailable("away"));
  expect_kept();
}

TEST_F(ClaudeCodeUiTest, ASignInByHandEndsWithItsTokenOrWhenOursIsGood) {
  MakeUser();
  AcceptOnly("real.real.real");
  SignInByHand();
  AcceptOnly("none");
  executor_.Advance(std::chrono::seconds(2));
  const auto sent = Prepared("/api/projects");
  http::Response refused = Refusal();
  EXPECT_EQ(Inspect(sent, refused), Verdict::kPass);
  EXPECT_FALSE(Prepared("/api/projects").fields.Has("authorization"));
  EXPECT_EQ(adapter().sign_in().state(), SignIn::State::kFailed);
  SignInByHand();
  AcceptOnly(Bearer().substr(7));
  adapter().OnInstanceFound();
  executor_.RunUntilIdle();
  EXPECT_EQ(Prepared("/api/projects").fields.Find("authorization"), Bearer());
}

TEST_F(ClaudeCodeUiTest, CreatesTheFirstUserOfAFreshInstance) {
  testing::MakeDatabase(database(), "hush");
  create_user_ = true;
  instance_.On("POST /api/auth/register",
               [this, tries = 0](const http::RequestHead&, const std::string&) mutable {
                 // Another register at the same moment.
                 if (++tries == 1) return http::TextResponse(500, "application/json", "{}");
                 testing::AddUser(database(), 1, "alice");
                 return http::TextResponse(200, "application/json",
                                           R"({"success":true,"token":"given.out.token"})");
               });
  instance_.OnJson("POST /api/user/complete-onboarding", 200, "{}");
  adapter().OnInstanceFound();
  executor_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(adapter().sign_in().state(), SignIn::State::kSignedIn);
  EXPECT_EQ(Prepared("/").fields.Find("authorization"), Bearer());
  EXPECT_EQ(instance_.Count("POST /api/user/complete-onboarding"), 1);

  const auto file = PasswordFile(folder_.path() / "state");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::string password;
  std::getline(std::ifstream(file) >> std::ws, password);
  EXPECT_EQ(password.size(), 32U);
  for (std::size_t i = 0; i < instance_.heads.size(); ++i) {
    if (instance_.heads[i].target != "/api/auth/register") continue;
    EXPECT_EQ(boost::json::parse(instance_.bodies[i]).at("password").as_string(), password);
  }
}

TEST_F(ClaudeCodeUiTest, CreatesNoUserElsewhereOrUnasked) {
  testing::MakeDatabase(database(), "hush");
  EXPECT_FALSE(Prepared("/").fields.Has("authorization"));
  EXPECT_EQ(adapter().sign_in().state(), SignIn::State::kNoUser);
  adapter_.reset();
  create_user_ = true;
  info_.host = "192.0.2.1";
  EXPECT_FALSE(Prepared("/").fields.Has("authorization"));
  EXPECT_EQ(instance_.Count("POST /api/auth/register"), 0);
}

}  // namespace
}  // namespace berth::agent
