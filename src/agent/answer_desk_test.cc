#include "agent/answer_desk.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/adapters/generic.h"
#include "agent/assertion_testing.h"
#include "agent/fake_instance_testing.h"
#include "base/executor_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::TestExecutor;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Whose sessions take answers, once it is let to.
class Asking : public Generic {
 public:
  Asking(AdapterContext context, Executor& executor) : Generic(context, {}), may_take(executor) {}

  Task<control::AnswerResult> GiveAnswer(control::Answer answer) override {
    co_await may_take.Wait();
    co_return control::AnswerResult{.request_id = answer.request_id,
                                    .outcome = control::AnswerResult::Outcome::kSent};
  }
  void MarkSeen(std::string_view session) override { seen.emplace_back(session); }

  Event may_take;
  std::vector<std::string> seen;
};

class AnswerDeskTest : public ::testing::Test {
 protected:
  void Answer(std::string id, std::string assertion) {
    desk_.Take(control::Answer{.request_id = std::move(id), .assertion = std::move(assertion)});
    executor_.RunUntilIdle();
  }
  std::string Signed() const { return hub_.Sign(hub_.user); }

  const berth::testing::TempFolder folder_;
  testing::TestHub hub_{folder_.path()};
  TestExecutor executor_;
  Limits limits_;
  InlineWorker worker_;
  testing::FakeInstance instance_;
  InstanceInfo info_;
  StatusTracker status_{executor_, [](const StatusReport&) {}};
  Forwarder forwarder_{executor_, limits_, instance_, info_, status_, hub_.gate};
  Asking adapter_{{executor_, worker_, instance_, info_}, executor_};
  std::vector<std::string> told_;  ///< "REQUEST_ID OUTCOME MESSAGE".
  AnswerDesk desk_{executor_, forwarder_, [this](const control::Message& message) {
                     const auto& result = std::get<control::AnswerResult>(message);
                     told_.push_back(fmt::format("{} {} {}", result.request_id,
                                                 ToString(result.outcome), result.message));
                     return Ok();
                   }};
};

TEST_F(AnswerDeskTest, TellsWhatBecameOfAnAnswer) {
  desk_.SetAdapter(&adapter_);
  Answer("a1", Signed());
  EXPECT_THAT(told_, IsEmpty());
  adapter_.may_take.Set();
  executor_.RunUntilIdle();
  EXPECT_THAT(told_, ElementsAre("a1 sent "));
}

TEST_F(AnswerDeskTest, PassesNothingOnThatMayNotBeSaid) {
  adapter_.may_take.Set();
  desk_.SetAdapter(&adapter_);
  Answer("a1", "");
  EXPECT_THAT(told_, ElementsAre("a1 failed the agent of this instance does not believe its hub"));
  desk_.Take(control::Seen{.session_id = "s1"});
  EXPECT_THAT(adapter_.seen, IsEmpty());
  desk_.Take(control::Seen{.session_id = "s1", .assertion = Signed()});
  EXPECT_THAT(adapter_.seen, ElementsAre("s1"));
}

TEST_F(AnswerDeskTest, RefusesWhileTheInstanceIsNotThere) {
  Answer("a1", Signed());
  EXPECT_THAT(told_, ElementsAre("a1 failed the instance is not there"));
}

TEST_F(AnswerDeskTest, FewWaitAtOnce) {
  desk_.SetAdapter(&adapter_);
  for (int i = 1; i <= 17; ++i) Answer(fmt::format("a{}", i), Signed());
  EXPECT_THAT(told_, ElementsAre("a17 failed too many answers at once"));
  adapter_.may_take.Set();
  executor_.RunUntilIdle();
  EXPECT_EQ(told_.size(), 17U);
}

}  // namespace
}  // namespace berth::agent
