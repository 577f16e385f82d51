#include "hub/client_list_body.h"

#include <gmock/gmock.h>

#include "hub/api.h"
#include "hub/client_view.h"
#include "hub/fake_link_testing.h"
#include "hub/hub_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

struct ClientListBodyTest : testing::HubFixture {
  testing::FakeLink link;
  bool may_read = true;
  http::BodyPtr body = ClientListBody(
      hub, [this] { return may_read ? identity.people().Find(owner) : identity::PersonPtr(); });

  static std::string Id(int number) { return fmt::format("box-{:03}", number); }
  /// So many that wait, each with a long question.
  void Ask(int instances) {
    for (int i = 0; i < instances; ++i) {
      ASSERT_THAT(registry.Connected(Id(i), owner, {}, link), IsOk());
      control::StatusUpdate update{.client_id = Id(i)};
      update.sessions = {
          {.id = "s", .question = control::Question{.id = "q", .text = std::string(5'000, 'x')}}};
      registry.SetStatus(Id(i), link, update);
    }
  }
  std::string Read() {
    auto piece = executor.Await(body->Read());
    EXPECT_THAT(piece, IsOk());
    return piece ? std::string(net::AsText(*piece)) : "";
  }
};

TEST_F(ClientListBodyTest, SaysWhatTheListSays) {
  control::ClientList list;
  EXPECT_EQ(Read(), control::Serialise(list));
  EXPECT_EQ(Read(), "");
  for (const int count : {1, 40}) {
    Ask(count);
    list.clients.clear();
    for (const auto& visible : registry.List(*identity.people().Find(owner))) {
      list.clients.push_back(ClientViewOf(hub, visible));
    }
    body = ClientListBody(hub, [this] { return identity.people().Find(owner); });
    EXPECT_EQ(executor.Await(http::ReadAll(body.get(), 1024 * 1024)).value(),
              control::Serialise(list));
  }
}

TEST_F(ClientListBodyTest, APieceIsMadeWhenItIsRead) {
  Ask(1'000);
  std::string all = Read();
  EXPECT_LT(all.size(), 32U * 1024);
  registry.Disconnected(Id(500), link);
  registry.Remove(Id(500));
  registry.SetLabel(Id(501), "another");
  for (std::string piece = Read(); !piece.empty(); piece = Read()) {
    EXPECT_LT(piece.size(), 32U * 1024);
    all += piece;
  }
  const auto list = std::get<control::ClientList>(
      control::Parse(all, control::Sender::kHubToBrowser, all.size()).value());
  ASSERT_EQ(list.clients.size(), 999U);
  EXPECT_EQ(list.clients[499].id, Id(499));
  EXPECT_EQ(list.clients[500].id, Id(501));
  EXPECT_EQ(list.clients[500].label, "another");
}

TEST_F(ClientListBodyTest, OthersHaveTheirTurnBetweenPieces) {
  Ask(40);
  Read();
  auto reading = body->Read();
  reading.Start();
  EXPECT_FALSE(reading.is_done());
  executor.RunUntilIdle();
  EXPECT_TRUE(reading.is_done());
}

TEST_F(ClientListBodyTest, EndsForWhoeverMayReadItNoMore) {
  Ask(40);
  Read();
  may_read = false;
  EXPECT_THAT(executor.Await(body->Read()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(ClientListBodyTest, EndsWithTheTokenThatOpenedIt) {
  Ask(40);
  const auto token = executor.Await(identity.api_tokens().Create(
      {.user_id = owner, .name = "script", .scopes = {identity::Scope::kInstancesRead}}));
  http::Request request = http::testing::MakeRequest("/clients");
  request.head.fields.Add("authorization", fmt::format("Bearer {}", token->text.Reveal()));
  auto response = executor.Await(HandleApi(hub, std::move(request))).value();
  EXPECT_EQ(response.body->length(), std::nullopt);
  EXPECT_THAT(executor.Await(response.body->Read()), IsOk());
  ASSERT_THAT(executor.Await(identity.api_tokens().Revoke(owner, token->token->id)), IsOk());
  EXPECT_THAT(executor.Await(response.body->Read()), FailsWith(ErrorKind::kUnauthorized));
}

}  // namespace
}  // namespace berth::hub
