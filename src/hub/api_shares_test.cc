// Whom an instance can be shared with. More of it, over the network: tests/e2e/sharing.test.mjs.
#include <gmock/gmock.h>

#include "hub/api.h"
#include "hub/hub_testing.h"
#include "store/instances.h"
#include "store/users.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct ApiSharesTest : testing::HubFixture {
  store::User ada = store::EnsureUser(*other, "github", "2", "ada", time).value();

  void SetUp() override {
    HubFixture::SetUp();
    for (const char* id : {"box", "Box_1"}) {
      ASSERT_THAT(store::ClaimInstance(*other, id, owner, "{}", time), IsOk());
      registry.Remember(id, owner, {}, time);
    }
  }

  ApiCall Call(std::string instance_id) {
    ApiCall call;
    call.user = identity.people().Find(owner);
    call.id = std::move(instance_id);
    return call;
  }
  /// Status and text of the answer.
  std::pair<int, std::string> Share(std::string instance_id, std::string body) {
    ApiCall call = Call(std::move(instance_id));
    call.request = http::testing::MakeRequest("/", std::make_unique<http::TextBody>(body));
    call.request.head.fields.Add("content-type", "application/json");
    auto answer = executor.Await(CreateShare(hub, std::move(call))).value();
    return {answer.head.status, executor.Await(http::ReadAll(answer.body.get(), 10'000)).value()};
  }
};

TEST_F(ApiSharesTest, OnlyWhatCanBeAHostNameIsShared) {
  constexpr const char* kBody = R"({"kind":"everyone","role":"viewer"})";
  EXPECT_EQ(Share("Box_1", kBody).first, 409);
  EXPECT_THAT(identity.shares().Of("Box_1"), IsEmpty());
  EXPECT_EQ(Share("box", kBody).first, 201);
}

TEST_F(ApiSharesTest, ALoginMeansOnePersonWhoIsStillHere) {
  constexpr const char* kBody = R"({"kind":"user","login":"ADA","role":"viewer"})";
  ASSERT_THAT(store::EnsureUser(*other, "oidc", "7", "ada", time), IsOk());
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  const auto [status, text] = Share("box", kBody);
  EXPECT_EQ(status, 409);
  EXPECT_THAT(text, HasSubstr("everal people"));
  const auto theirs = identity.people().Find("oidc", "7");
  ASSERT_THAT(executor.Await(identity.people().Remove(theirs->id)), IsOk());
  EXPECT_EQ(Share("box", kBody).first, 201);
  ASSERT_EQ(identity.shares().Of("box").size(), 1U);
  EXPECT_EQ(identity.shares().Of("box")[0].subject, std::to_string(ada.id));
  ASSERT_THAT(executor.Await(identity.people().Remove(ada.id)), IsOk());
  EXPECT_EQ(Share("box", kBody).first, 404);
}

TEST_F(ApiSharesTest, GivingAndTakingAreInTheAuditLog) {
  EXPECT_EQ(Share("box", R"({"kind":"everyone","role":"viewer"})").first, 201);
  ApiCall call = Call("box");
  call.second_id = std::to_string(identity.shares().Of("box").front().id);
  EXPECT_EQ(executor.Await(DeleteShare(hub, std::move(call))).value().head.status, 204);
  EXPECT_THAT(Audited(), ElementsAre("share_create ok box: viewer for everyone",
                                     "share_remove ok box: viewer for everyone"));
}

}  // namespace
}  // namespace berth::hub
