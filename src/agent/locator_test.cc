#include "agent/locator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/adapters/fake_database_testing.h"
#include "agent/fake_instance_testing.h"
#include "agent/status.h"
#include "agent/worker_testing.h"
#include "base/executor_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// A claudecodeui that somebody else starts, and an agent's way to find it.
class LocatorTest : public ::testing::Test {
 protected:
  LocatorTest()
      : status_(executor_, [](const StatusReport&) {}),
        locator_(executor_, worker_, instance_, Options(), [this](Adapter& adapter) {
          ++found_;
          status_.SetAdapter(&adapter);
        }) {
    testing::MakeDatabase(database_, "hush");
    testing::AddUser(database_, 1, "alice");
    instance_.OnJson("GET /api/auth/user", 200, "{}");
    instance_.OnJson("GET /api/providers/sessions/running", 200, R"({"data":{"sessions":[]}})");
    status_.SetOnAway([this] { locator_.LookAgain(); });
    locator_.SetOnLost([this] { status_.NoteLost(); });
    status_.SetWatched(true);
  }
  ~LocatorTest() override { status_.SetAdapter(nullptr); }

  LocatorOptions Options() const {
    LocatorOptions options;
    options.discovery.home = options.sign_in.home = folder_.path();
    options.discovery.proc = options.sign_in.proc = folder_.path() / "proc";
    options.sign_in.create_user = false;
    return options;
  }
  void StartInstance(pid_t pid, int port, const std::string& version) {
    fs::create_directories(folder_.path() / "proc" / std::to_string(pid));
    fs::create_directories(folder_.path() / ".cloudcli");
    std::ofstream(folder_.path() / ".cloudcli" / "local-server.json")
        << fmt::format(R"({{"host":"127.0.0.1","port":{},"pid":{}}})", port, pid);
    instance_.OnJson("GET /health", 200,
                     fmt::format(R"({{"installMode":"npm","version":"{}"}})", version));
    instance_.SetAway(std::nullopt);
  }
  /// Finds the instance, and has its status asked for.
  std::pair<Job, Job> Begin() {
    std::pair<Job, Job> running(Job(executor_, "locate", locator_.Run()),
                                Job(executor_, "status", status_.Run()));
    executor_.Advance(seconds(5));
    return running;
  }
  void StopInstance(pid_t pid) {
    fs::remove_all(folder_.path() / "proc" / std::to_string(pid));
    instance_.SetAway(Unavailable("refused"));
  }

  /// Not the instance answers at its port, but a proxy that does not reach it, or another program.
  void AnswerInItsPlace() {
    for (const std::string route :
         {"GET /health", "GET /api/auth/status", "GET /api/providers/sessions/running"}) {
      instance_.On(route, [](const http::RequestHead&, const std::string&) {
        return http::TextResponse(404, "text/plain", "404 page not found");
      });
    }
  }

  const berth::testing::TempFolder folder_;
  const fs::path database_ = folder_.path() / ".cloudcli" / "auth.db";
  berth::testing::TestExecutor executor_;
  InlineWorker worker_;
  testing::FakeInstance instance_;
  int found_ = 0;
  StatusTracker status_;
  Locator locator_;
};

TEST_F(LocatorTest, FindsAnInstanceAgainThatWasAwayWhileNobodyAskedForIt) {
  StartInstance(100, 3001, "1.36.0");
  const auto [locate, report] = Begin();
  EXPECT_EQ(found_, 1);
  EXPECT_EQ(locator_.info().version, "1.36.0");
  StopInstance(100);
  executor_.Advance(seconds(2));
  EXPECT_EQ(found_, 1);
  StartInstance(200, 3002, "1.37.3");
  executor_.Advance(seconds(5));
  EXPECT_EQ(found_, 2);
  EXPECT_EQ(locator_.info().pid, 200);
  EXPECT_EQ(locator_.info().port, 3002);
  EXPECT_EQ(locator_.info().version, "1.37.3");
}

TEST_F(LocatorTest, AnInstanceThatIsNotThereGivesNoAnswer) {
  instance_.SetAway(Unavailable("refused"));
  const auto [locate, report] = Begin();
  EXPECT_TRUE(status_.report().no_answer) << "it was never there";
  StartInstance(100, 3001, "1.37.3");
  executor_.Advance(seconds(3));
  EXPECT_FALSE(status_.report().no_answer);
  StopInstance(100);
  executor_.Advance(seconds(2));
  EXPECT_TRUE(status_.report().no_answer);
  StartInstance(200, 3001, "1.37.3");
  executor_.Advance(seconds(3));
  EXPECT_FALSE(status_.report().no_answer);
}

TEST_F(LocatorTest, MendsAWrongFirstImpression) {
  StartInstance(100, 3001, "1.37.3");
  AnswerInItsPlace();
  const Job locate(executor_, "locate", locator_.Run());
  executor_.Advance(seconds(10));
  EXPECT_EQ(locator_.adapter_kind(), "generic");
  EXPECT_EQ(found_, 1);
  StartInstance(100, 3001, "1.37.3");
  executor_.Advance(seconds(10));
  EXPECT_EQ(locator_.adapter_kind(), "claudecodeui");
  EXPECT_EQ(locator_.version(), "1.37.3");
  // What is known well is left alone.
  const int asked = instance_.Count("GET /health");
  executor_.Advance(std::chrono::hours(24));
  EXPECT_EQ(instance_.Count("GET /health"), asked);
}

TEST_F(LocatorTest, AsksAnotherKindOfInstanceEverMoreSeldom) {
  StartInstance(100, 3001, "");
  AnswerInItsPlace();
  const Job locate(executor_, "locate", locator_.Run());
  executor_.Advance(std::chrono::hours(1));
  EXPECT_EQ(found_, 1);
  EXPECT_GE(instance_.Count("GET /health"), 15);
  EXPECT_LE(instance_.Count("GET /health"), 20);
}

TEST_F(LocatorTest, LeavesAnotherKindOfInstanceAtAGivenAddressInPeace) {
  AnswerInItsPlace();
  instance_.SetAway(std::nullopt);
  LocatorOptions options = Options();
  options.discovery.url = "http://127.0.0.1:3001";
  Locator locator(executor_, worker_, instance_, options, [](Adapter&) {});
  const Job locate(executor_, "locate", locator.Run());
  executor_.Advance(seconds(5));
  EXPECT_EQ(locator.adapter_kind(), "generic");
  const int asked = instance_.Count("GET /health");
  locator.Check();
  executor_.Advance(std::chrono::hours(1));
  EXPECT_EQ(instance_.Count("GET /health"), asked);
}

TEST_F(LocatorTest, WaitsForAGivenNameThatNobodyKnowsYet) {
  instance_.SetAway(NotFound("cloudcli: Name or service not known"));
  LocatorOptions options = Options();
  options.discovery.url = "http://cloudcli:3001";
  Locator locator(executor_, worker_, instance_, options, [](Adapter&) {});
  ::testing::internal::CaptureStderr();
  const Job locate(executor_, "locate", locator.Run());
  executor_.Advance(seconds(60));
  const std::string said = ::testing::internal::GetCapturedStderr();
  const std::string line =
      "waiting for the instance at http://cloudcli:3001: ask the instance what "
      "it is: cloudcli: Name or service not known";
  const std::size_t first = said.find(line);
  EXPECT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find(line, first + 1), std::string::npos) << "said once: " << said;
  EXPECT_EQ(locator.adapter_kind(), "");
  StartInstance(100, 3001, "1.37.3");
  executor_.Advance(seconds(3));
  EXPECT_EQ(locator.adapter_kind(), "claudecodeui");
}

TEST_F(LocatorTest, NoticesThatAnOldInstanceWasUpgraded) {
  StartInstance(100, 3001, "");  // As up to 1.34.
  const Job locate(executor_, "locate", locator_.Run());
  executor_.Advance(std::chrono::hours(1));
  EXPECT_EQ(locator_.adapter_kind(), "claudecodeui");
  EXPECT_EQ(found_, 1);
  StartInstance(100, 3001, "1.37.3");
  executor_.Advance(seconds(20));
  EXPECT_EQ(found_, 2);
  EXPECT_EQ(locator_.version(), "1.37.3");
}

TEST_F(LocatorTest, AClaudeCodeUiIsNotAnotherThingAtOnce) {
  StartInstance(100, 3001, "1.37.2");
  const auto [locate, report] = Begin();
  AnswerInItsPlace();
  executor_.Advance(seconds(10));
  EXPECT_EQ(locator_.adapter_kind(), "claudecodeui");
  StartInstance(100, 3001, "1.37.3");
  instance_.OnJson("GET /api/providers/sessions/running", 200, R"({"data":{"sessions":[]}})");
  executor_.Advance(seconds(5));
  EXPECT_EQ(locator_.info().version, "1.37.3");
  AnswerInItsPlace();
  executor_.Advance(std::chrono::minutes(30));
  EXPECT_EQ(locator_.adapter_kind(), "generic");
  StartInstance(100, 3001, "1.37.3");
  executor_.Advance(seconds(20));
  EXPECT_EQ(locator_.adapter_kind(), "claudecodeui");
}

TEST_F(LocatorTest, FindsOutWhetherItIsStillWhatItWas) {
  StartInstance(100, 3001, "1.37.2");
  const auto [locate, report] = Begin();
  status_.SetWatched(false);  // The hub is away.
  StopInstance(100);
  executor_.Advance(seconds(60));
  StartInstance(200, 3001, "1.37.3");
  executor_.Advance(seconds(60));
  EXPECT_EQ(locator_.info().version, "1.37.2");
  locator_.Check();
  executor_.Advance(seconds(1));
  EXPECT_EQ(found_, 2);
  EXPECT_EQ(locator_.info().version, "1.37.3");
  locator_.Check();
  executor_.Advance(seconds(1));
  EXPECT_EQ(found_, 2) << "nothing has changed";
}

}  // namespace
}  // namespace berth::agent
