// Forwarder: requests that the instance refuses because it knows another credential by now.
#include <gtest/gtest.h>

#include "agent/adapters/claudecodeui.h"
#include "agent/adapters/fake_database_testing.h"
#include "agent/assertion_testing.h"
#include "agent/fake_instance_testing.h"
#include "agent/forwarder.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::IsOk;
using berth::testing::TestExecutor;

/// Runs jobs at once, or keeps them until the test wants them run.
class HoldingWorker : public Worker {
 public:
  void Submit(std::move_only_function<void()> job) override {
    jobs_.push_back(std::move(job));
    if (!is_holding) Run();
  }
  void Run() {
    for (auto& job : std::exchange(jobs_, {})) job();
  }
  bool is_holding = false;

 private:
  std::vector<std::move_only_function<void()>> jobs_;
};

http::Response Refusal() {
  auto response = http::TextResponse(401, "application/json", "{}");
  response.head.fields.Add("x-auth-error", "invalid-token");
  return response;
}

/// An instance that refuses POST /api/upload before it has read the request.
class HastyInstance : public testing::FakeInstance {
 public:
  Task<Result<http::Response>> Exchange(http::Request request) override {
    if (request.head.path() != "/api/upload") {
      co_return co_await FakeInstance::Exchange(std::move(request));
    }
    ++uploads;
    auto body = std::make_unique<Refused>(std::move(request.body));
    upload = body->request();
    http::Response response = Refusal();
    response.body = std::move(body);
    co_return response;
  }

  int uploads = 0;
  http::Body* upload =
      nullptr;  ///< The last one: it can be read for as long as its response lives.

 private:
  class Refused : public http::TextBody {
   public:
    explicit Refused(http::BodyPtr request) : TextBody("{}"), request_(std::move(request)) {}
    http::Body* request() const { return request_.get(); }

   private:
    http::BodyPtr request_;
  };
};

/// A forwarder whose credential was good until the instance's database was replaced.
class ForwarderRetryTest : public ::testing::Test {
 protected:
  ForwarderRetryTest()
      : status_(executor_, [](const StatusReport&) {}),
        forwarder_(executor_, limits_, instance_, info_, status_, hub_.gate) {
    info_.host = "127.0.0.1";
    info_.port = 5173;
    MakeDatabase("old");
    SignInOptions options{.home = folder_.path()};
    options.create_user = false;
    options.wall_clock = [this] { return hub_.now; };
    adapter_ = std::make_unique<ClaudeCodeUi>(AdapterContext{executor_, worker_, instance_, info_},
                                              std::move(options));
    forwarder_.SetAdapter(adapter_.get());
    instance_.OnJson("GET /api/auth/user", 200, "{}");
    EXPECT_THAT(executor_.Await(forwarder_.Exchange(Request("GET", "/", ""))), IsOk());
    executor_.Advance(std::chrono::seconds(2));
    std::filesystem::remove(database_);
    MakeDatabase("new");
  }

  void MakeDatabase(const std::string& secret) {
    testing::MakeDatabase(database_, secret);
    testing::AddUser(database_, 1, "alice");
  }
  http::Request Request(std::string method, std::string target, std::string body) {
    http::Request request;
    request.head.method = std::move(method);
    request.head.target = std::move(target);
    request.body = std::make_unique<http::TextBody>(std::move(body));
    hub_.Add(request.head.fields);
    return request;
  }
  int StatusOf(http::Request request) {
    auto response = executor_.Await(forwarder_.Exchange(std::move(request)));
    EXPECT_THAT(response, IsOk());
    return response ? response->head.status : 0;
  }

  const berth::testing::TempFolder folder_;
  const std::filesystem::path database_ = folder_.path() / ".cloudcli" / "auth.db";
  testing::TestHub hub_{folder_.path()};
  TestExecutor executor_;
  Limits limits_;
  HoldingWorker worker_;
  HastyInstance instance_;
  InstanceInfo info_;
  StatusTracker status_;
  Forwarder forwarder_;
  std::unique_ptr<ClaudeCodeUi> adapter_;
};

TEST_F(ForwarderRetryTest, SendsASmallBodyAgain) {
  instance_.On("POST /api/x", [tries = 0](const http::RequestHead&, const std::string&) mutable {
    return ++tries > 1 ? http::TextResponse(200, "application/json", "{}") : Refusal();
  });
  EXPECT_EQ(StatusOf(Request("POST", "/api/x", "payload")), 200);
  EXPECT_EQ(instance_.Count("POST /api/x"), 2);
  EXPECT_EQ(instance_.bodies.back(), "payload");
}

TEST_F(ForwarderRetryTest, PassesARefusalThatStands) {
  instance_.On("POST /api/x",
               [](const http::RequestHead&, const std::string&) { return Refusal(); });
  EXPECT_EQ(StatusOf(Request("POST", "/api/x", "payload")), 401);
  EXPECT_EQ(instance_.Count("POST /api/x"), 2);
  executor_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(StatusOf(Request("POST", "/api/x", "payload")), 401);
  EXPECT_EQ(instance_.Count("POST /api/x"), 3);
}

TEST_F(ForwarderRetryTest, AnUploadThatGoesOnDuringTheReadingOfTheCredentialIsNotSentAgain) {
  worker_.is_holding = true;
  auto exchange = forwarder_.Exchange(Request("POST", "/api/upload", std::string(70 * 1024, 'x')));
  exchange.Start();
  executor_.RunUntilIdle();
  ASSERT_FALSE(exchange.is_done());
  auto text = executor_.Await(http::ReadAll(instance_.upload, 1 << 20));
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(text->size(), 70U * 1024);
  worker_.Run();
  executor_.RunUntilIdle();
  ASSERT_TRUE(exchange.is_done());
  auto response = exchange.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 401);
  // Else the page would sign itself out, though its next request will do.
  EXPECT_FALSE(response->head.fields.Has("x-auth-error"));
  EXPECT_EQ(instance_.uploads, 1);
}

}  // namespace
}  // namespace berth::agent
