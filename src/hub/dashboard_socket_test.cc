#include "hub/dashboard_socket.h"

#include <gmock/gmock.h>

#include <set>

#include "hub/fake_link_testing.h"
#include "hub/hub_testing.h"
#include "identity/session_cookie.h"
#include "identity/shares.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A script of the owner's that watches the dashboard socket.
struct DashboardSocketTest : testing::HubFixture {
  testing::FakeLink link;
  testing::SocketEnd page{executor};

  DashboardSocketTest() {
    // A page that does not read for a while is not taken for dead.
    limits.ping_after = limits.ping_answer = std::chrono::hours(1);
  }

  void Connect(const std::string& id) {
    ASSERT_THAT(store::ClaimInstance(*other, id, owner, "{}", time), IsOk());
    ASSERT_THAT(registry.Connected(id, owner, {}, link), IsOk());
  }

  static std::string Id(std::size_t number) { return fmt::format("box-{:03}", number); }

  /// The instance, new or not, waits with a question.
  void Ask(const std::string& id, std::string text) {
    if (registry.Get(id) == nullptr) {
      ASSERT_THAT(registry.Connected(id, owner, {}, link), IsOk());
    }
    control::StatusUpdate update{.client_id = id};
    update.sessions = {
        {.id = "s", .question = control::Question{.id = "q", .text = std::move(text)}}};
    registry.SetStatus(id, link, update);
    Pass(std::chrono::milliseconds(100));
  }

  static std::string TextOf(const control::Client& client) {
    const auto& sessions = client.metadata.sessions;
    return sessions.empty() ? "" : sessions[0].question->text;
  }

  void Open() { Open(page); }
  void Open(testing::SocketEnd& end) { Open(end, owner); }
  void Open(testing::SocketEnd& end, std::int64_t user) {
    ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
    auto token = executor.Await(identity.api_tokens().Create(
        {.user_id = user, .name = "script", .scopes = {identity::Scope::kInstancesRead}}));
    ASSERT_THAT(token, IsOk());
    http::Request upgrade = end.Upgrade("/ws/connect?type=browser");
    upgrade.head.fields.Add("authorization", fmt::format("Bearer {}", token->text.Reveal()));
    auto response = executor.Await(OpenDashboardSocket(hub, std::move(upgrade)));
    ASSERT_THAT(response, IsOk());
    end.Attach(std::move(*response));
    end.Say(R"({"type":"get_clients"})");
  }

  /// The next message.
  control::Message Heard() {
    const std::string text = page.Next();
    if (text.empty()) return control::Unknown{.type = "nothing"};
    return control::Parse(text, control::Sender::kHubToBrowser, 8 * control::kMaxMessage).value();
  }
  template <class T>
  T Next() {
    return std::get<T>(Heard());
  }
};

TEST_F(DashboardSocketTest, AScriptIsCutOffWithItsToken) {
  Open();
  Next<control::ClientList>();
  const auto token = identity.api_tokens().List(owner).at(0).token;
  ASSERT_THAT(executor.Await(identity.api_tokens().Revoke(owner, token->id)), IsOk());
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(page.Next(), "close 1008 the token ended");
}

TEST_F(DashboardSocketTest, AScriptIsCutOffWithItsOwner) {
  Open();
  Next<control::ClientList>();
  ASSERT_THAT(executor.Await(identity.people().Remove(owner)), IsOk());
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(page.Next(), "close 1008 the token ended");
}

TEST_F(DashboardSocketTest, WhyItWasClosedIsSaidEveryTenSeconds) {
  const std::string padded =
      fmt::format(R"({{"type":"later","x":"{}"}})", std::string(60'000, 'x'));
  const auto flood = [&] {
    testing::SocketEnd end(executor);
    ::testing::internal::CaptureStderr();
    Open(end);
    std::string next;
    for (int i = 0; i < 300 && !next.starts_with("close"); ++i) {
      end.Say(padded);
      next = end.Next();
    }
    EXPECT_THAT(next, StartsWith("close 1008"));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(flood(), HasSubstr(fmt::format("user {}: dashboard socket from", owner)));
  limits.dashboards = 0;
  ::testing::internal::CaptureStderr();
  Open();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("more than 0 are open"));
  limits.dashboards = 1;
  EXPECT_EQ(flood(), "");
  Pass(std::chrono::seconds(10));
  EXPECT_THAT(flood(), HasSubstr("more messages or control frames"));
}

TEST_F(DashboardSocketTest, APageThatConnectsIsNoUseOfItsSession) {
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  const auto made = executor.Await(identity.sessions().Create({.user_id = owner}));
  const WallTime signed_in_at = identity.sessions().List(owner).at(0).last_used_at;
  Pass(std::chrono::hours(1));
  http::Request upgrade = page.Upgrade("/ws/connect?type=browser");
  upgrade.head.fields.Add("origin", "https://hub.example");
  upgrade.head.fields.Add(
      "cookie", fmt::format("{}={}", identity::CookieName(identity::CookieKind::kHub, hub.scheme),
                            made->cookie.Reveal()));
  auto response = executor.Await(OpenDashboardSocket(hub, std::move(upgrade)));
  ASSERT_THAT(response, IsOk());
  page.Attach(std::move(*response));
  EXPECT_EQ(identity.sessions().List(owner).at(0).last_used_at, signed_in_at);
}

TEST_F(DashboardSocketTest, OneUserHasSoManyOpenAndOthersTheirOwn) {
  limits.dashboards = 2;
  testing::SocketEnd first(executor);
  testing::SocketEnd second(executor);
  testing::SocketEnd third(executor);
  testing::SocketEnd fourth(executor);
  Open(first);
  Open(second);
  Open(third);
  EXPECT_THAT(third.Next(), StartsWith("close 1013 you have too many"));
  EXPECT_THAT(second.Next(), HasSubstr("client_list"));
  Open(fourth, store::EnsureUser(*other, "github", "2", "ben", time).value().id);
  EXPECT_THAT(fourth.Next(), HasSubstr("client_list"));
  first.Close();
  Open();
  EXPECT_THAT(page.Next(), HasSubstr("client_list")) << "those that are gone count no more";
}

TEST_F(DashboardSocketTest, TextIsAllThatItTakes) {
  Open();
  Next<control::ClientList>();
  page.SayBinary();
  EXPECT_THAT(page.Next(), ::testing::StartsWith("close 1003"));
}

TEST_F(DashboardSocketTest, WhereAnInstanceOpensIsToldAnewOnceItIsShared) {
  Connect("box");
  Open();
  EXPECT_EQ(Next<control::ClientList>().clients.at(0).path_url, "/clients/box/proxy/");
  ASSERT_THAT(
      executor.Await(identity.shares().Put(
          {.instance_id = "box", .kind = store::ShareKind::kEveryone, .created_by = owner})),
      IsOk());
  Pass(std::chrono::milliseconds(100));
  EXPECT_EQ(Next<control::ClientUpdate>().client.path_url, "");
}

TEST_F(DashboardSocketTest, WhatIsShownFollowsAccessAtMostTenTimesASecond) {
  const auto ben = store::EnsureUser(*other, "github", "2", "ben", time).value().id;
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  ASSERT_THAT(store::ClaimInstance(*other, "box", ben, "{}", time), IsOk());
  ASSERT_THAT(registry.Connected("box", ben, {}, link), IsOk());
  Open();
  EXPECT_TRUE(Next<control::ClientList>().clients.empty());
  std::int64_t share = 0;
  const auto give = [&] {
    auto put = executor.Await(identity.shares().Put(
        {.instance_id = "box", .kind = store::ShareKind::kEveryone, .created_by = ben}));
    ASSERT_THAT(put, IsOk());
    share = put->id;
  };
  const auto take = [&] {
    ASSERT_THAT(executor.Await(identity.shares().Remove("box", share)), IsOk());
  };
  for (int i = 0; i < 20; ++i) {
    give();
    take();
  }
  give();
  EXPECT_EQ(page.Next(), "");
  Pass(std::chrono::milliseconds(100));
  EXPECT_EQ(Next<control::ClientUpdate>().client.id, "box");
  EXPECT_EQ(page.Next(), "");
  take();
  // What an instance says meanwhile is no longer theirs to hear.
  control::StatusUpdate update{.client_id = "box"};
  update.status = control::Status::kBusy;
  registry.SetStatus("box", link, update);
  Next<control::ClientDisconnected>();
  EXPECT_EQ(Next<control::ClientRemoved>().client_id, "box");
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(page.Next(), "");
}

TEST_F(DashboardSocketTest, OnlyWhereAccessMayHaveChangedItIsLookedAt) {
  const auto ben = store::EnsureUser(*other, "github", "2", "ben", time).value().id;
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  for (const char* id : {"box", "vault"}) {
    ASSERT_THAT(store::ClaimInstance(*other, id, ben, "{}", time), IsOk());
    ASSERT_THAT(registry.Connected(id, ben, {}, link), IsOk());
  }
  const auto share = [&](std::string id, std::optional<WallTime> until) {
    auto put = executor.Await(identity.shares().Put({.instance_id = std::move(id),
                                                     .kind = store::ShareKind::kEveryone,
                                                     .created_by = ben,
                                                     .expires_at = until}));
    return put.value().id;
  };
  const auto box_share = share("box", std::nullopt);
  share("vault", time + std::chrono::seconds(1));
  Open();
  EXPECT_EQ(Next<control::ClientList>().clients.size(), 2U);
  // What has just expired shows where a page looks: nobody has said yet that it did.
  Pass(std::chrono::seconds(1));
  ASSERT_THAT(executor.Await(identity.shares().Remove("box", box_share)), IsOk());
  Pass(std::chrono::milliseconds(100));
  Next<control::ClientDisconnected>();
  EXPECT_EQ(Next<control::ClientRemoved>().client_id, "box");
  ASSERT_THAT(executor.Await(identity.people().SetRole(ben, store::HubRole::kOwner)), IsOk());
  Pass(std::chrono::milliseconds(100));
  EXPECT_EQ(page.Next(), "");
  ASSERT_THAT(executor.Await(identity.people().SetRole(owner, store::HubRole::kMember)), IsOk());
  Pass(std::chrono::milliseconds(100));
  Next<control::ClientDisconnected>();
  EXPECT_EQ(Next<control::ClientRemoved>().client_id, "vault");
}

TEST_F(DashboardSocketTest, OfInstancesOfOthersAPageHearsNothing) {
  const auto ben = store::EnsureUser(*other, "github", "2", "ben", time).value().id;
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  Connect("box");
  Open();
  EXPECT_EQ(Next<control::ClientList>().clients.size(), 1U);
  ASSERT_THAT(registry.Connected("foreign", ben, {}, link), IsOk());
  registry.Disconnected("foreign", link);
  registry.Remove("foreign");
  registry.Disconnected("box", link);
  EXPECT_EQ(Next<control::ClientUpdate>().client.id, "box");
}

TEST_F(DashboardSocketTest, AListOfAnySizeArrives) {
  for (int i = 0; i < 400; ++i) Ask(Id(i), std::string(control::kMaxQuestion, 'x'));
  Open();
  const auto list = Next<control::ClientList>();
  EXPECT_TRUE(list.more);
  EXPECT_LT(list.clients.size(), 10U);
  for (std::size_t i = list.clients.size(); i < 400; ++i) {
    EXPECT_EQ(Next<control::ClientUpdate>().client.id, Id(i));
  }
  Next<control::ClientListEnd>();
  EXPECT_EQ(page.Next(), "");
}

TEST_F(DashboardSocketTest, WhatChangesBeforeItsPieceWasToldIsToldAsItIsThen) {
  for (int i = 0; i < 20; ++i) Ask(Id(i), std::string(control::kMaxQuestion, 'x'));
  Open();
  // The page reads nothing yet.
  for (int i = 0; i < 100; ++i) {
    Ask(Id(0), fmt::format("{}", i));
    Ask(Id(15), fmt::format("{}", i));
  }
  for (const int gone : {1, 16}) {
    registry.Disconnected(Id(gone), link);
    registry.Remove(Id(gone));
  }
  registry.Disconnected(Id(17), link);
  Ask(Id(20), "new");

  std::map<std::string, std::string> shown;
  std::vector<std::string> told;
  const auto list = Next<control::ClientList>();
  for (const auto& client : list.clients) shown[client.id] = TextOf(client);
  EXPECT_TRUE(shown.contains(Id(1)));
  EXPECT_FALSE(shown.contains(Id(15)));
  bool is_whole = false;
  for (;;) {
    const control::Message message = Heard();
    if (const auto* update = std::get_if<control::ClientUpdate>(&message)) {
      shown[update->client.id] = TextOf(update->client);
      told.push_back(update->client.id);
    } else if (const auto* removed = std::get_if<control::ClientRemoved>(&message)) {
      EXPECT_EQ(removed->client_id, Id(1));
      shown.erase(removed->client_id);
    } else if (std::holds_alternative<control::ClientListEnd>(message)) {
      is_whole = true;
      EXPECT_EQ(told.back(), Id(20));
    } else if (std::holds_alternative<control::Unknown>(message)) {
      break;
    }
  }
  EXPECT_TRUE(is_whole);
  EXPECT_EQ(shown.size(), 19U);
  EXPECT_FALSE(shown.contains(Id(16)));
  EXPECT_EQ(shown[Id(0)], "99");
  EXPECT_EQ(shown[Id(15)], "99");
  EXPECT_EQ(shown[Id(17)], "");
  EXPECT_EQ(shown[Id(20)], "new");
  EXPECT_EQ(std::ranges::count(told, Id(15)), 1);
  EXPECT_EQ(std::ranges::count(told, Id(0)), 1);
}

TEST_F(DashboardSocketTest, APageThatDoesNotReadMissesNothing) {
  Open();
  EXPECT_FALSE(Next<control::ClientList>().more);
  for (int i = 0; i < 1000; ++i) Ask("box", std::string(control::kMaxQuestion - i, 'x'));
  std::string last;
  int told = 0;
  for (;;) {
    const control::Message message = Heard();
    if (std::holds_alternative<control::Unknown>(message)) break;
    last = TextOf(std::get<control::ClientUpdate>(message).client);
    ++told;
  }
  EXPECT_EQ(last.size(), control::kMaxQuestion - 999);
  EXPECT_LT(told, 10);
}

TEST_F(DashboardSocketTest, HoweverOftenAListIsAskedForThereAreTenASecond) {
  Connect("box");
  Open();
  EXPECT_EQ(Next<control::ClientList>().clients.size(), 1U);
  for (int i = 0; i < 500; ++i) page.Say(R"({"type":"get_clients"})");
  EXPECT_EQ(page.Next(), "");
  Connect("other");
  EXPECT_EQ(Next<control::ClientUpdate>().client.id, "other");
  Pass(std::chrono::milliseconds(100));
  EXPECT_EQ(Next<control::ClientList>().clients.size(), 2U);
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(page.Next(), "");
  page.Say(R"({"type":"get_clients"})");
  EXPECT_EQ(Next<control::ClientList>().clients.size(), 2U) << "at once";
}

TEST_F(DashboardSocketTest, AListThatIsAskedForAnewWaitsForRoom) {
  for (int i = 0; i < 20; ++i) Ask(Id(i), std::string(control::kMaxQuestion, 'x'));
  Open();
  // The page reads nothing yet.
  for (int i = 0; i < 5; ++i) {
    Pass(std::chrono::milliseconds(100));
    page.Say(R"({"type":"get_clients"})");
  }
  int lists = 0;
  std::set<std::string> shown;
  for (;;) {
    const control::Message message = Heard();
    if (const auto* list = std::get_if<control::ClientList>(&message)) {
      ++lists;
      shown.clear();
      for (const auto& client : list->clients) shown.insert(client.id);
    } else if (const auto* update = std::get_if<control::ClientUpdate>(&message)) {
      shown.insert(update->client.id);
    } else if (std::holds_alternative<control::Unknown>(message)) {
      break;
    }
  }
  EXPECT_EQ(lists, 2);
  EXPECT_EQ(shown.size(), 20U);
}

}  // namespace
}  // namespace berth::hub
