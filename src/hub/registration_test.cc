// Which ids an agent's token gets, and what is written of it.
#include "hub/registration.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "hub/hub_testing.h"
#include "store/instances.h"
#include "store/users.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct RegistrationTest : testing::HubFixture {
  testing::FakeLink link;

  identity::AgentTokenPtr Token(identity::AgentTokenTerms terms = {}) {
    auto created = executor.Await(identity.tokens().Create(owner, "laptop", std::move(terms)));
    EXPECT_THAT(created, IsOk());
    return identity.tokens().Authenticate(created->text.Reveal());
  }
  Task<Result<control::Registered>> Registering(identity::AgentTokenPtr token, std::string id) {
    control::Register registration;
    registration.client_id = std::move(id);
    return RegisterInstance(hub, std::move(token), "192.0.2.7", std::move(registration), link);
  }
  control::Registered Register(identity::AgentTokenPtr token, std::string id) {
    return executor.Await(Registering(std::move(token), std::move(id))).value();
  }
  /// Registers while the id is claimed `meanwhile` comes to pass.
  control::Registered RegisterWhile(identity::AgentTokenPtr token,
                                    const std::function<Task<Result<void>>()>& meanwhile) {
    auto registering = Registering(std::move(token), "box");
    registering.Start();
    EXPECT_FALSE(registering.is_done());
    EXPECT_THAT(executor.Await(meanwhile()), IsOk());
    executor.RunUntilIdle();
    return registering.Take().value();
  }
};

TEST_F(RegistrationTest, ATokenGetsItsOwnIdsOnly) {
  const auto token = Token({.instance_ids = {"box", "tower"}});
  EXPECT_TRUE(Register(token, "tower").success);
  const auto refused = Register(token, "laptop");
  EXPECT_FALSE(refused.success);
  EXPECT_THAT(refused.message, HasSubstr("limited to other ids"));
  EXPECT_EQ(registry.Get("laptop"), nullptr);
  EXPECT_TRUE(Register(Token(), "laptop").success);
}

TEST_F(RegistrationTest, TheHubsOwnAddressIsNobodysId) {
  hosts =
      Hosts::Create(ParseOrigin("https://hub.apps.example").value(), "apps.example", false).value();
  EXPECT_FALSE(Register(Token(), "hub").success);
  EXPECT_TRUE(Register(Token(), "hub-1").success);
}

TEST_F(RegistrationTest, WhoConnectsIsInTheAuditLogAndWhoIsRefusedAnothersId) {
  const auto ada = store::EnsureUser(*other, "local", "ada", "ada", time).value();
  ASSERT_THAT(store::ClaimInstance(*other, "taken", ada.id, "{}", time), IsOk());
  EXPECT_TRUE(Register(Token(), "box").success);
  EXPECT_FALSE(Register(Token(), "taken").success);
  EXPECT_THAT(Audited(),
              ElementsAre("agent_connect ok box: laptop",
                          "agent_connect denied taken: laptop; the id belongs to another user"));
}

TEST_F(RegistrationTest, AnOwnerHasSoManyInstances) {
  limits.instances = 2;
  const auto token = Token();
  EXPECT_TRUE(Register(token, "box").success);
  EXPECT_TRUE(Register(token, "tower").success);
  const auto refused = Register(token, "laptop");
  EXPECT_FALSE(refused.success);
  EXPECT_THAT(refused.message, HasSubstr("has 2 instances"));
  EXPECT_FALSE(Register(token, "phone").success);
  EXPECT_EQ(registry.Get("laptop"), nullptr);
  EXPECT_TRUE(Register(token, "box").success) << "it is not new";
  EXPECT_THAT(Audited(),
              ElementsAre("agent_connect ok box: laptop", "agent_connect ok tower: laptop",
                          "agent_connect denied : laptop; too many instances"));
  ASSERT_THAT(store::DeleteInstance(*other, "tower"), IsOk());
  EXPECT_TRUE(Register(token, "laptop").success);
}

TEST_F(RegistrationTest, ATokenThatEndsMeanwhileGetsNothing) {
  const auto token = Token();
  const auto answer =
      RegisterWhile(token, [&] { return identity.tokens().Revoke(owner, token->id); });
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(registry.Get("box"), nullptr);
}

TEST_F(RegistrationTest, SomebodyRemovedMeanwhileGetsNothing) {
  const auto answer = RegisterWhile(Token(), [&] { return identity.people().Remove(owner); });
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(registry.Get("box"), nullptr);
}

}  // namespace
}  // namespace berth::hub
