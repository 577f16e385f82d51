#include "agent/forwarder.h"

#include <memory>
#include <string>
#include <vector>

#include "agent/own_script.h"
#include "agent/problem.h"
#include "agent/replay_body.h"
#include "base/event.h"
#include "base/log.h"
#include "base/text.h"
#include "control/stream_fields.h"
#include "http/bound_body.h"
#include "http/grammar.h"
#include "http/header_rules.h"
#include "http/reserved_path.h"
#include "http/reverse_proxy.h"
#include "http/shared_asset.h"
#include "rewrite/plan.h"

namespace berth::agent {
namespace {

// A request body up to this can be sent again when our credential was refused.
constexpr std::size_t kMaxReplay = 64 * 1024;

/// Counts a live connection for the status, and lets the adapter read along.
class LiveBody : public http::Body {
 public:
  LiveBody(http::BodyPtr inner, StatusTracker& status, std::unique_ptr<SocketWatch> watch)
      : inner_(std::move(inner)), live_(status), watch_(std::move(watch)) {}

  Task<Result<http::MutableBytes>> Read() override {
    auto piece = co_await inner_->Read();
    if (piece && !piece->empty()) {
      live_.NoteTraffic();
      if (watch_) watch_->OnBytes(*piece);
    }
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return inner_->length(); }

 private:
  http::BodyPtr inner_;
  StatusTracker::Live live_;
  std::unique_ptr<SocketWatch> watch_;
};

/// Fields that only hub and agent say to each other, and those that only the agent says to the
/// instance.
void RemoveInternal(http::Fields& fields) {
  fields.RemoveIf([](const http::Fields::Field& field) {
    return field.name.starts_with('x') && (http::SpellsPrefix(field.name, "x-berth") ||
                                           http::SpellsPrefix(field.name, "x-orchestrator"));
  });
}

/// Tells the instance who asks, as version 1 does: GitHub's number and name of them. A user of
/// another provider is "PROVIDER:ID", so that nobody passes for somebody else's number.
void AddIdentity(http::Fields& fields, const control::Assertion& user) {
  const std::string id =
      user.provider == "github" ? user.subject : user.provider + ':' + user.subject;
  const std::string& name = user.login.empty() ? user.name : user.login;
  if (!id.empty() && !HasControl(id)) fields.Set("x-orchestrator-user-id", id);
  if (!name.empty() && !HasControl(name)) fields.Set("x-orchestrator-username", name);
}

http::Response ReadOnly(std::string_view detail) {
  return ProblemResponse(403, control::stream_error::kReadOnly, "You may only look", detail);
}

/// Holds a viewer's request to reading; the answer if it is not one.
std::optional<http::Response> ConfineViewer(const Adapter& adapter, http::Request& request) {
  if (adapter.HasSideEffects(request.head)) {
    return ReadOnly("This request would change something.");
  }
  // What some servers take for the true method.
  for (const char* name : {"x-http-method-override", "x-http-method", "x-method-override"}) {
    request.head.fields.RemoveIf(
        [name](const http::Fields::Field& field) { return http::Spells(field.name, name); });
  }
  if (!request.head.is_upgrade()) return std::nullopt;
  MessageFilter filter = adapter.ViewerMessages(request.head);
  if (!filter) return ReadOnly("This connection could change something.");
  // Compressed messages could not be read.
  request.head.fields.Remove("sec-websocket-extensions");
  if (!request.body) return std::nullopt;
  request.body = std::make_unique<ViewerFilter>(std::move(request.body), std::move(filter));
  return std::nullopt;
}

/// Whether this acts at the instance though no script of its page asked for it. Of other methods
/// and of sockets the hub has seen to that.
bool IsActByLink(const Adapter& adapter, const http::RequestHead& head) {
  return http::IsSafeMethod(head.method) && !head.is_upgrade() && adapter.HasSideEffects(head) &&
         !IsAskedByOwnScript(head);
}

/// Holds a request to what a user of this role may ask in this way; the answer if it is not that.
std::optional<http::Response> Confine(const Adapter& adapter, control::Role role,
                                      http::Request& request) {
  if (role == control::Role::kViewer) return ConfineViewer(adapter, request);
  if (!IsActByLink(adapter, request.head)) return std::nullopt;
  return ProblemResponse(403, control::stream_error::kNotByPage, "Not by a link",
                         "This address changes something at the instance, so only the instance's "
                         "own page may ask for it.");
}

/// What is done to one exchange on its way to the instance and back.
struct Edits {
  Edits(const http::RequestHead& head, rewrite::PageSetup page_setup)
      : setup(std::move(page_setup)),
        plan(rewrite::PlanFor(head, head.fields.Find("x-forwarded-prefix").value_or(""), setup)) {}

  const rewrite::PageSetup setup;
  rewrite::Plan plan;
  http::InterimHandler pass;  ///< Where interim responses go.
  http::CompressionAsk compression;
  std::string method;
  std::string held;  ///< What the hub holds of answers that may be shared.
};

/// The answer to what is not for the instance to answer.
std::optional<http::Response> OwnAnswer(const rewrite::Plan& plan, const http::RequestHead& head) {
  auto resource = plan.OwnResource();
  if (resource || !http::IsReservedPath(head.path())) return resource;
  return ProblemResponse(404, control::stream_error::kReserved, "Not found",
                         "This path is not the instance's.");
}

/// Readies the request for the instance, once what the hub says of the answer is taken from it.
void PrepareRequest(const std::shared_ptr<Edits>& edits, http::Request& request) {
  const http::Fields& fields = request.head.fields;
  edits->compression = http::CompressionAsk::Of(request.head);
  edits->compression.coding = http::CodingNamed(fields.Find(control::kCompressField).value_or(""));
  edits->method = request.head.method;
  if (http::MayAskForSharedAsset(request.head)) {
    edits->held = fields.Find(http::kHeldField).value_or("");
  }
  http::RestoreEtags(request.head.fields);
  edits->plan.PrepareRequest(request.head);
  if (!request.interim) return;
  edits->pass = std::move(request.interim);
  request.interim = [edits](const http::ResponseHead& head) {
    http::ResponseHead edited = head;
    edits->plan.ApplyToInterim(edited);
    edits->pass(edited);
  };
}

/// How the instance may name itself in a redirect: as it is asked, or by another loopback name.
std::vector<std::string> AuthoritiesOf(const InstanceInfo& info) {
  std::vector<std::string> own = {info.authority()};
  if (!info.is_loopback()) return own;
  for (const auto name : {"localhost", "127.0.0.1", "::1"}) {
    own.push_back(InstanceInfo{.host = name, .port = info.port, .is_tls = info.is_tls}.authority());
  }
  return own;
}

http::Response ProblemOf(const Error& error, const InstanceInfo& info) {
  switch (error.kind) {
    case ErrorKind::kTimeout:
      return ProblemResponse(504, control::stream_error::kTimeout, "The instance does not answer",
                             "The instance took the request and gave no answer in time.");
    case ErrorKind::kInvalid:
    case ErrorKind::kTooLarge:
      return ProblemResponse(502, control::stream_error::kInvalid,
                             "The instance's answer is unusable",
                             "The instance answered with something that is not valid HTTP.");
    case ErrorKind::kForbidden:
      return ProblemResponse(502, control::stream_error::kForeign, "The instance is not running",
                             "Another user of its machine listens where the instance should be. "
                             "The agent's log says who.");
    case ErrorKind::kInternal:
      return ProblemResponse(502, control::stream_error::kAgentFailed,
                             "The agent cannot ask the instance",
                             "The agent's machine has no room for it, open files perhaps. The "
                             "agent's log says what.");
    default:
      return ProblemResponse(
          502, control::stream_error::kUnavailable, "The instance is not running",
          info.is_found() ? "The agent is connected, but nothing answers at " + info.authority() +
                                ". Start the instance; this page works again as soon as it is up."
                          : "The agent is connected, and waits for the instance to be started.");
  }
}

/// Over HTTP/2 any 2xx accepts an upgrade, so one that opens no WebSocket cannot be passed on.
http::Response NoWebSocket(int status) {
  return ProblemResponse(
      502, control::stream_error::kInvalid, "The instance's answer is unusable",
      fmt::format("The instance answered {} instead of opening a WebSocket.", status));
}

}  // namespace

Result<void> CheckTarget(std::string_view method, std::string_view target) {
  if (method == "CONNECT" || method == "TRACE") return Invalid("method not for an instance");
  if (target == "*") {
    if (method == "OPTIONS") return Ok();
    return Invalid("asterisk-form is for OPTIONS only");
  }
  if (!http::IsOriginForm(target)) return Invalid("target is not in origin-form");
  return Ok();
}

Task<Result<http::Response>> Forwarder::Exchange(http::Request request) {
  auto response = co_await Forward(request);
  if (response || response.error().kind == ErrorKind::kCancelled) co_return response;
  LogDebug("instance: {}", ForLog(response.error().ToString()));
  if (IsAway(response.error()) && on_away_) on_away_();
  co_return ProblemOf(response.error(), info_);
}

void Forwarder::SetAdapter(Adapter* adapter) {
  adapter_ = adapter;
  if (adapter_ == nullptr) {
    found_.Reset();
  } else {
    found_.Set();
  }
}

const rewrite::Authorities& Forwarder::OwnAuthorities() {
  auto& own = own_authorities_;
  if (!own.names || own.host != info_.host || own.port != info_.port ||
      own.is_tls != info_.is_tls) {
    own = {.host = info_.host,
           .port = info_.port,
           .is_tls = info_.is_tls,
           .names = std::make_shared<const std::vector<std::string>>(AuthoritiesOf(info_))};
  }
  return own.names;
}

Task<Result<Adapter*>> Forwarder::FindAdapter() {
  // The tunnel is often up before the first look at the instance has ended.
  auto found = co_await WithDeadline(executor_, limits_.instance_lookup, "look for the instance",
                                     UntilSet(found_));
  if (!found) co_return trouble_.value_or(Unavailable("the instance is not found yet"));
  co_return adapter_;
}

Result<void> Forwarder::AdmitAnswer(std::string_view assertion) {
  http::Fields fields;
  fields.Add(control::kAssertionField, assertion);
  auto user = gate_.Check(fields);
  if (!user) {
    NoteRefusal(user.error());
    return Forbidden("the agent of this instance does not believe its hub");
  }
  if (!allowed_.Admits(**user) || (*user)->role == control::Role::kViewer) {
    return Forbidden("the agent of this instance does not admit you");
  }
  return Ok();
}

// The answer to what is not even to be looked at; else nothing, and whom the request is from.
std::optional<http::Response> Forwarder::Refuse(const http::RequestHead& head, AssertionPtr& user) {
  auto checked = gate_.Check(head.fields);
  if (!checked) {
    NoteRefusal(checked.error());
    const bool is_time = checked.error().kind == ErrorKind::kTimeout;
    return ProblemResponse(
        403, is_time ? control::stream_error::kNotInTime : control::stream_error::kNotAsserted,
        "Not allowed",
        is_time ? "The clocks of the hub and of this instance's machine differ."
                : "The agent of this instance does not believe its hub.");
  }
  user = std::move(*checked);
  auto valid = CheckTarget(head.method, head.target);
  if (!valid) {
    NoteRefusal(valid.error());
    return ProblemResponse(400, control::stream_error::kBadRequest, "Bad request",
                           "The request's address cannot be sent to an instance.");
  }
  if (!allowed_.Admits(*user)) {
    NoteRefusal(Forbidden(fmt::format("{} user {} ({}) is not on the list of those allowed here",
                                      ForLog(user->provider, 40), ForLog(user->subject, 64),
                                      ForLog(user->login, 64))));
    return ProblemResponse(403, control::stream_error::kNotAllowed, "Not allowed",
                           "The agent of this instance does not admit you.");
  }
  if (user->role == control::Role::kViewer && !http::IsSafeMethod(head.method)) {
    return ReadOnly("This instance is shared with you for looking only.");
  }
  return std::nullopt;
}

// Once a while: a hub could fill the log otherwise.
void Forwarder::NoteRefusal(const Error& why) {
  if (!refusals_.IsWorthALine("refusal", executor_.now())) return;
  LogWarn("refused a request of the hub: {}", why.message);
}

Task<Result<http::Response>> Forwarder::Forward(http::Request& request) {
  AssertionPtr user;
  auto refused = Refuse(request.head, user);
  if (refused) co_return std::move(*refused);
  Adapter* adapter = adapter_;
  if (adapter == nullptr) {
    auto found = co_await FindAdapter();
    if (!found) co_return std::move(found).error();
    adapter = *found;
  }
  auto own = Confine(*adapter, user->role, request);
  if (!own) own = adapter->Answer(request.head);
  if (own) co_return std::move(*own);

  rewrite::PageSetup setup = adapter->page_setup();
  setup.own_authorities = OwnAuthorities();
  // Shared: interim responses need it too, and their handler may be kept for longer.
  const auto edits =
      std::allocate_shared<Edits>(PoolAllocator<Edits>(), request.head, std::move(setup));
  own = OwnAnswer(edits->plan, request.head);
  if (own) co_return std::move(*own);
  const bool wants_socket = request.head.is_upgrade();
  PrepareRequest(edits, request);
  auto response = co_await Ask(*adapter, request, *user);
  if (!response) co_return response;
  if (wants_socket && !response->is_upgraded() && response->head.status < 300) {
    co_return NoWebSocket(response->head.status);
  }
  edits->plan.ApplyToResponse(*response);
  if (edits->compression.coding != http::Coding::kIdentity) {
    compressor_.Apply(edits->compression, edits->method, *response);
  }
  if (!edits->held.empty() && http::IsSharedAsset(response->head)) {
    co_return co_await voucher_.Vouch(std::move(edits->held), std::move(*response));
  }
  co_return response;
}

Task<Result<http::Response>> Forwarder::Ask(Adapter& adapter, http::Request& request,
                                            const control::Assertion& user) {
  RemoveInternal(request.head.fields);
  if (adapter.wants_identity()) AddIdentity(request.head.fields, user);
  request.head.scheme = info_.scheme();
  request.head.authority = OwnAuthorities()->front();
  std::optional<ReplaySource> replay;
  if (adapter.may_retry() && request.body) replay.emplace(std::move(request.body), kMaxReplay);

  for (bool is_retry = false;; is_retry = true) {
    http::Request sent;
    if (adapter.may_retry() && !is_retry) {
      sent.head = request.head;
    } else {
      sent.head = std::move(request.head);  // It is not needed again.
    }
    sent.peer = request.peer;
    if (replay) {
      sent.body = replay->Open();
    } else {
      sent.body = std::move(request.body);
    }
    // Interim responses of a refused first sending are of no use to anybody, but harmless.
    if (request.interim) {
      sent.interim = [&request](const http::ResponseHead& head) { request.interim(head); };
    }
    auto prepared = co_await adapter.Prepare(sent.head);
    if (!prepared) co_return prepared.error();
    http::RequestHead asked;
    if (adapter.inspects() || sent.head.is_upgrade()) asked = sent.head;
    auto response =
        co_await http::ReverseProxy(executor_, limits_, instance_, std::move(sent), nullptr);
    if (!response) co_return response;
    if (adapter.inspects()) {
      const Verdict verdict = co_await adapter.Inspect(asked, *response);
      // Only now: the instance may have gone on reading the body meanwhile.
      const bool may_retry = !is_retry && (!replay || replay->can_replay());
      if (verdict == Verdict::kRetry && may_retry) continue;
    }
    if (replay) replay->Settle();
    RemoveInternal(response->head.fields);
    Watch(adapter, asked, *response);
    co_return response;
  }
}

void Forwarder::Watch(Adapter& adapter, const http::RequestHead& sent, http::Response& response) {
  if (!response.body || !response.is_endless()) return;
  auto watch = response.is_upgraded() ? adapter.WatchSocket(sent) : nullptr;
  response.body = std::make_unique<LiveBody>(std::move(response.body), status_, std::move(watch));
  response.body = http::EndWith(std::move(response.body), stopping_, ErrorKind::kCancelled);
}

}  // namespace berth::agent
