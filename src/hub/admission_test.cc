// Who is let through to an instance, and what is written of whom it is refused to. More of it, over
// the network: tests/e2e/sharing.test.mjs.
#include "hub/admission.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "hub/guest_streams.h"
#include "hub/hub_testing.h"
#include "hub/path_gates.h"
#include "store/instances.h"
#include "store/users.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::testing::ElementsAre;

struct AdmissionTest : testing::HubFixture {
  testing::FakeLink link;
  GuestStreams guests{limits};
  PathGates gates{hub};
  Placement own_address{
      .instance_id = "box", .prefix = "", .expected_origin = "https://box.apps.example"};
  Placement path_mode{.instance_id = "box",
                      .prefix = "/clients/box/proxy",
                      .expected_origin = "https://hub.example"};

  void SetUp() override {
    HubFixture::SetUp();
    hub.guests = &guests;
    hub.path_gates = &gates;
    ASSERT_THAT(store::ClaimInstance(*other, "box", owner, "{}", time), IsOk());
    ASSERT_THAT(registry.Connected("box", owner, {}, link), IsOk());
  }

  identity::SessionPtr SessionOf(std::int64_t user) {
    return executor.Await(identity.sessions().Create({.user_id = user}))->session;
  }
  identity::SessionPtr Stranger() {
    const auto stranger = store::EnsureUser(*other, "local", "ada", "ada", time).value();
    EXPECT_THAT(executor.Await(identity.Load()), IsOk());
    return SessionOf(stranger.id);
  }
  void ShareWith(std::int64_t user, store::ShareRole role) {
    store::ShareRow share{
        .instance_id = "box", .subject = std::to_string(user), .role = role, .created_by = owner};
    ASSERT_THAT(executor.Await(identity.shares().Put(std::move(share))), IsOk());
  }

  http::Request Request(std::string method) {
    http::Request request = http::testing::MakeRequest("/x");
    request.head.method = std::move(method);
    request.head.fields.Add("sec-fetch-site", "same-origin");
    request.peer.address = "192.0.2.7";
    return request;
  }
  /// The body of a request that this session was let through with.
  http::BodyPtr BodyOf(const identity::SessionPtr& session, const Placement& placement) {
    http::Request request = Request("POST");
    const auto admitted = Admit(hub, request, session, placement);
    EXPECT_TRUE(admitted);
    if (!admitted) return nullptr;
    request.body = std::make_unique<http::TextBody>("more");
    EndWithAccess(request, *session, *admitted);
    return std::move(request.body);
  }
  /// "" if nothing was written.
  std::string LastAudited() {
    const auto lines = Audited();
    return lines.empty() ? "" : lines.back();
  }
  /// 200 if it is let through.
  int Status(const http::Request& request, const identity::SessionPtr& session,
             const Placement& placement) {
    const auto admitted = Admit(hub, request, session, placement);
    return admitted ? 200 : admitted.error().head.status;
  }
};

TEST_F(AdmissionTest, AViewerSendsNothing) {
  const auto ada = Stranger();
  ShareWith(ada->user_id, store::ShareRole::kViewer);
  for (const char* method : {"POST", "DELETE", "PROPFIND"}) {
    EXPECT_EQ(Status(Request(method), ada, own_address), 403) << method;
  }
  EXPECT_EQ(Status(Request("GET"), ada, own_address), 200);
  ShareWith(ada->user_id, store::ShareRole::kOperator);
  EXPECT_EQ(Status(Request("POST"), ada, own_address), 200);
}

TEST_F(AdmissionTest, WhatIsRefusedIsInTheAuditLog) {
  const auto ada = Stranger();
  EXPECT_EQ(Status(Request("GET"), ada, own_address), 404);
  EXPECT_THAT(Audited(), ElementsAre("access denied box: not shared with them"));
  Pass(std::chrono::minutes(1));
  ShareWith(ada->user_id, store::ShareRole::kViewer);
  EXPECT_EQ(Status(Request("POST"), ada, own_address), 403);
  EXPECT_EQ(LastAudited(), "access denied box: You may only look");
  Pass(std::chrono::minutes(1));
  EXPECT_EQ(Status(Request("GET"), ada, path_mode), 403);
  EXPECT_EQ(LastAudited(), "access denied box: This instance has an address of its own");
  Pass(std::chrono::minutes(1));
  http::Request embedded = Request("GET");
  embedded.head.fields.Set("sec-fetch-site", "same-site");
  EXPECT_EQ(Status(embedded, ada, own_address), 403);
  EXPECT_EQ(LastAudited(), "access denied box: another origin");
  EXPECT_EQ(Audited().size(), 4U);
}

TEST_F(AdmissionTest, WhatIsOpenedInPathModeIsInTheAuditLog) {
  const auto session = SessionOf(owner);
  http::Request page = Request("GET");
  page.head.fields.Add("sec-fetch-mode", "navigate");
  EXPECT_EQ(Status(Request("GET"), session, path_mode), 200);
  EXPECT_EQ(Status(page, session, own_address), 200);
  EXPECT_TRUE(Audited().empty());
  EXPECT_EQ(Status(page, session, path_mode), 200);
  EXPECT_THAT(Audited(), ElementsAre("open ok box: path mode"));
}

TEST_F(AdmissionTest, ABodyEndsWithTheSession) {
  const auto session = SessionOf(owner);
  const auto body = BodyOf(session, own_address);
  ASSERT_TRUE(body);
  ASSERT_THAT(executor.Await(identity.sessions().Revoke(session->id)), IsOk());
  EXPECT_THAT(executor.Await(body->Read()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(AdmissionTest, ABodyEndsWithPathMode) {
  const auto body = BodyOf(SessionOf(owner), path_mode);
  ASSERT_TRUE(body);
  ShareWith(Stranger()->user_id, store::ShareRole::kViewer);
  EXPECT_THAT(executor.Await(body->Read()), FailsWith(ErrorKind::kUnauthorized));
}

}  // namespace
}  // namespace berth::hub
