// /api/enrolments: an agent asks to be let in, a signed-in user says yes or no, the agent gets its
// token. The code is never part of a path: paths end up in logs and histories.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "hub/api.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

using identity::EnrolmentAnswer;

std::int64_t InSeconds(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

/// Codes are short, so guessing is limited by address and by user.
std::string GuesserOf(const ApiCall& call) { return fmt::format("user {}", call.user_id()); }

std::optional<http::Response> RefuseGuessing(HubContext& hub, const ApiCall& call) {
  auto& limiter = hub.identity.sign_in_limiter();
  auto wait = limiter.Check(call.request.peer.address);
  if (!wait) wait = limiter.Check(GuesserOf(call));
  if (!wait) return std::nullopt;
  return TooManyAttempts(*wait);
}

http::Response UnknownCode(HubContext& hub, const ApiCall& call) {
  hub.identity.sign_in_limiter().Count(call.request.peer.address);
  hub.identity.sign_in_limiter().Count(GuesserOf(call));
  LogWarn("unknown enrolment code from {}", ForLog(call.request.peer.address));
  return ProblemResponse({404, "Unknown code",
                          "No agent waits with this code. It may be mistyped, too old, or answered "
                          "already."});
}

/// The same for an answer that somebody wanted to give.
http::Response NothingToAnswer(HubContext& hub, const ApiCall& call, std::string_view action) {
  hub.identity.audit().Record({.action = action,
                               .result = identity::audit_result::kDenied,
                               .actor_id = call.user_id(),
                               .address = call.request.peer.address,
                               .detail = "unknown code"});
  return UnknownCode(hub, call);
}

/// "laptop.example.org (linux), berth 1.2".
std::string Describe(const identity::EnrolmentRequest& request) {
  return fmt::format("{} ({}), berth {}", request.machine, request.platform, request.agent_version);
}

boost::json::object ToJson(const identity::PendingEnrolment& pending) {
  boost::json::object object;
  object["code"] = pending.user_code;
  object["machine"] = pending.request.machine;
  object["address"] = pending.request.address;
  object["instance_id"] = pending.request.instance_id;
  object["platform"] = pending.request.platform;
  object["agent_version"] = pending.request.agent_version;
  object["created_at"] = FormatIso8601(pending.created_at);
  object["expires_at"] = FormatIso8601(pending.expires_at);
  return object;
}

/// `reason`: why, in words for whoever waits at the terminal; "" for none.
http::Response Answer(std::string_view status, std::string_view reason = "") {
  boost::json::object body;
  body["status"] = status;
  if (!reason.empty()) body["reason"] = reason;
  return JsonResponse(200, boost::json::serialize(body));
}

/// The agent's token, made now and shown to it this once.
Task<Result<http::Response>> HandOver(HubContext& hub, std::string secret, std::string address,
                                      EnrolmentAnswer answer) {
  const identity::EnrolmentGrant& grant = *answer.grant;
  const auto user = hub.identity.people().Find(grant.user_id);
  if (user == nullptr || user->is_removed) co_return Answer("denied");
  auto terms = grant.terms;
  auto created = co_await hub.identity.tokens().Create(grant.user_id, answer.request.machine,
                                                       std::move(terms));
  if (!created) {
    hub.identity.enrolments().Restore(secret);
    if (created.error().kind == ErrorKind::kConflict) {
      co_return Answer("denied", created.error().message);
    }
    co_return Wrap(std::move(created).error(), "create token");
  }
  hub.identity.enrolments().Settle(secret, created->id);
  co_await hub.identity.audit().Write({.action = identity::audit_action::kTokenCreate,
                                       .actor_id = grant.user_id,
                                       .instance_id = answer.request.instance_id,
                                       .address = std::move(address),
                                       .detail = fmt::format("enrolled: token {}", created->id)});
  boost::json::object body;
  body["status"] = "approved";
  body["token"] = created->text.Reveal();
  body["token_id"] = created->id;
  body["approved_by"] = identity::LoginOf(*user);
  body["instance_ids"] =
      boost::json::array(grant.terms.instance_ids.begin(), grant.terms.instance_ids.end());
  body["expires_at"] = TimeOrNull(grant.terms.expires_at);
  // Over this very connection the agent has verified the hub: from now on it takes no other keys.
  boost::json::array keys;
  for (const auto& key : hub.identity.signing_keys().list()) {
    const Ed25519PublicKey& half = key.public_key();
    keys.push_back({{"id", half.Id()}, {"public_key", half.Text()}});
  }
  body["keys"] = std::move(keys);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<void> WriteAnswer(HubContext& hub, const ApiCall& call, std::string_view action,
                       const identity::EnrolmentRequest& answered) {
  co_await hub.identity.audit().Write(
      {.action = action,
       .actor_id = call.user_id(),
       .instance_id = answered.instance_id,
       .address = call.request.peer.address,
       .detail = fmt::format("{} at {}", Describe(answered), answered.address)});
}

}  // namespace

Task<Result<http::Response>> StartEnrolment(HubContext& hub, ApiCall call) {
  const std::string address = call.request.peer.address;
  if (const auto wait = hub.identity.enrolment_limiter().Attempt(address)) {
    co_return TooManyAttempts(*wait);
  }
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  identity::EnrolmentRequest wanted{.machine = body->String("machine"),
                                    .instance_id = body->String("instance_id"),
                                    .agent_version = body->StringOrNone("agent_version"),
                                    .platform = body->StringOrNone("platform"),
                                    .address = address};
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  auto possible = hub.hosts.CheckInstanceId(wanted.instance_id);
  if (!possible) co_return std::move(possible).error();
  const std::string description = Describe(wanted);
  const std::string instance_id = wanted.instance_id;
  auto started = hub.identity.enrolments().Start(std::move(wanted));
  if (!started) co_return std::move(started).error();
  LogInfo("{} at {} asks to be enrolled as {}", ForLog(description), ForLog(address), instance_id);
  co_await hub.identity.audit().Write({.action = identity::audit_action::kEnrolRequest,
                                       .instance_id = instance_id,
                                       .address = address,
                                       .detail = description});
  boost::json::object answer;
  answer["device_secret"] = started->device_secret.Reveal();
  answer["user_code"] = started->user_code;
  answer["verification_url"] = hub.hosts.public_origin().ToString() + "/enroll";
  answer["interval"] = InSeconds(hub.identity.enrolments().interval());
  answer["expires_in"] = InSeconds(started->expires_at - hub.clock());
  co_return JsonResponse(201, boost::json::serialize(answer));
}

Task<Result<http::Response>> PollEnrolment(HubContext& hub, ApiCall call) {
  const std::string address = call.request.peer.address;
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  std::string secret = body->String("device_secret");
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  auto answer = hub.identity.enrolments().Poll(secret);
  if (!answer.is_known) {
    // Whoever has a right secret waits; only wrong ones count, so that several agents behind one
    // address do not lock each other out.
    if (const auto wait = hub.identity.enrolment_limiter().Attempt(address)) {
      co_return TooManyAttempts(*wait);
    }
  }
  switch (answer.kind) {
    case EnrolmentAnswer::Kind::kPending:
      co_return Answer("pending");
    case EnrolmentAnswer::Kind::kDenied:
      co_return Answer("denied");
    case EnrolmentAnswer::Kind::kExpired:
      co_return Answer("expired");
    case EnrolmentAnswer::Kind::kTaken: {
      boost::json::object taken;
      taken["status"] = "taken";
      taken["token_id"] = answer.token_id;
      co_return JsonResponse(200, boost::json::serialize(taken));
    }
    case EnrolmentAnswer::Kind::kTooFast:
      co_return TooManyAttempts(
          std::chrono::seconds(InSeconds(hub.identity.enrolments().interval())));
    case EnrolmentAnswer::Kind::kApproved:
      break;
  }
  co_return co_await HandOver(hub, std::move(secret), address, std::move(answer));
}

Task<Result<http::Response>> LookUpEnrolment(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseGuessing(hub, call)) co_return std::move(*refusal);
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  const std::string code = body->String("code");
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  auto pending = hub.identity.enrolments().Find(code);
  if (!pending) co_return UnknownCode(hub, call);
  co_return JsonResponse(200, boost::json::serialize(ToJson(*pending)));
}

Task<Result<http::Response>> ApproveEnrolment(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseGuessing(hub, call)) co_return std::move(*refusal);
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  const std::string code = body->String("code");
  const bool is_limited = body->BoolOr("limit_to_instance", true);
  const auto expires_in = body->SecondsOrNone("expires_in");
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  auto pending = hub.identity.enrolments().Find(code);
  if (!pending) co_return NothingToAnswer(hub, call, identity::audit_action::kEnrolApprove);
  identity::EnrolmentGrant grant{.user_id = call.user_id()};
  if (is_limited) grant.terms.instance_ids = {pending->request.instance_id};
  if (expires_in) grant.terms.expires_at = hub.clock() + *expires_in;
  auto approved = hub.identity.enrolments().Approve(code, std::move(grant));
  if (!approved) co_return std::move(approved).error();
  co_await WriteAnswer(hub, call, identity::audit_action::kEnrolApprove, approved->request);
  co_return NoContent();
}

Task<Result<http::Response>> DenyEnrolment(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseGuessing(hub, call)) co_return std::move(*refusal);
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  const std::string code = body->String("code");
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  auto denied = hub.identity.enrolments().Deny(code);
  if (!denied) co_return NothingToAnswer(hub, call, identity::audit_action::kEnrolDeny);
  co_await WriteAnswer(hub, call, identity::audit_action::kEnrolDeny, denied->request);
  co_return NoContent();
}

}  // namespace berth::hub
