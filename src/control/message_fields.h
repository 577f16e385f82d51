// The wire names: the field list of every control message, written once for reading and writing.
//
// Fields(v, m) calls v("wire_name", m.member, need [, bound]) for each field. The bound is in bytes
// for text (and for each text of a map), in entries for lists; there is none without. json_reader.h
// and json_writer.h are the two kinds of `v`. Private to control/.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "control/assertion.h"
#include "control/message.h"

namespace berth::control {

enum class Need {
  kRequired,  ///< Refused without it; always written.
  kOptional,  ///< The default stays without it; written if it differs from the default.
  kAlways,    ///< The default stays without it; always written.
};
using enum Need;

/// Most bytes of a text that is kept for as long as its instance is known.
inline constexpr std::size_t kShortText = 256;
inline constexpr std::size_t kLongText = 2048;
/// Most entries of a kept list, or of any map.
inline constexpr std::size_t kMaxEntries = 64;

/// Every value of an enumeration that is written by its name, ToString(value).
constexpr auto AllOf(State) {
  using enum State;
  return std::array{kIdle, kActive, kError, kBusy, kNeedsYou, kOffline};
}
constexpr auto AllOf(SessionState) {
  using enum SessionState;
  return std::array{kBusy, kNeedsYou, kError};
}
constexpr auto AllOf(Question::Kind) {
  using enum Question::Kind;
  return std::array{kPermission, kQuestion};
}
constexpr auto AllOf(AnswerResult::Outcome) {
  using enum AnswerResult::Outcome;
  return std::array{kSent, kGone, kFailed, kUnconfirmed};
}

/// `M` is T or const T: reader and writer share one list.
template <class M, class T>
concept Is = std::same_as<std::remove_const_t<M>, T>;

template <class V, Is<Question> M>
void Fields(V& v, M& m) {
  v("id", m.id, kRequired, kShortText);
  v("kind", m.kind, kAlways);
  v("tool", m.tool, kOptional, kShortText);
  v("text", m.text, kOptional, kMaxQuestion);
  v("is_cut", m.is_cut, kOptional);
  v("asked_at", m.asked_at, kOptional);
}

template <class V, Is<Traffic> M>
void Fields(V& v, M& m) {
  v("in", m.in, kAlways);
  v("out", m.out, kAlways);
}

template <class V, Is<SessionInfo> M>
void Fields(V& v, M& m) {
  v("id", m.id, kRequired, kShortText);
  v("title", m.title, kOptional, kShortText);
  v("project", m.project, kOptional, kLongText);
  v("provider", m.provider, kOptional, kShortText);
  v("is_busy", m.is_busy, kOptional);
  v("needs_you", m.needs_you, kOptional);
  v("reason", m.reason, kOptional, kShortText);
  v("state", m.state, kAlways);
  v("since", m.since, kOptional);
  v("error", m.error, kOptional, kLongText);
  v("question", m.question, kOptional);
}

template <class V, Is<Metadata> M>
void Fields(V& v, M& m) {
  v("hostname", m.hostname, kOptional, kShortText);
  v("platform", m.platform, kOptional, kShortText);
  v("project", m.project, kOptional, kLongText);
  v("status", m.status, kOptional);
  v("version", m.version, kOptional, kShortText);
  v("callback_url", m.callback_url, kOptional, kLongText);
  v("adapter", m.adapter, kOptional, kShortText);
  v("agent_version", m.agent_version, kOptional, kShortText);
  v("labels", m.labels, kOptional, kShortText);
}

template <class V, Is<Register> M>
void Fields(V& v, M& m) {
  v("client_id", m.client_id, kRequired, kShortText);
  v("user_token", m.user_token, kOptional, kShortText);
  v("metadata", m.metadata, kRequired);
  v("tunnel", m.tunnel, kOptional, kShortText);
}

template <class V, Is<StatusUpdate> M>
void Fields(V& v, M& m) {
  v("client_id", m.client_id, kRequired, kShortText);
  v("status", m.status, kRequired);
  v("needs_you", m.needs_you, kOptional);
  v("sessions", m.sessions, kOptional, kMaxEntries);
  v("state", m.state, kOptional);
  v("no_answer", m.no_answer, kOptional);
  v("version", m.version, kOptional, kShortText);
  v("adapter", m.adapter, kOptional, kShortText);
}

template <class V, class M>
  requires(Is<M, Ping> || Is<M, Pong>)
void Fields(V& v, M& m) {
  v("client_id", m.client_id, kOptional, kShortText);
}

template <class V, Is<HttpProxyResponse> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("status", m.status, kRequired);
  v("headers", m.headers, kRequired);
  v("body", m.body, kRequired);
}

template <class V, class M>
  requires(Is<M, UserResponse> || Is<M, UserResponseChunk>)
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("data", m.data, kRequired);
}

template <class V, Is<UserResponseComplete> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("data", m.data, kOptional);
}

template <class V, Is<AnswerResult> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("outcome", m.outcome, kRequired);
  v("message", m.message, kOptional, kLongText);
}

template <class V, Is<Answer> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("session_id", m.session_id, kRequired, kShortText);
  v("question_id", m.question_id, kRequired, kShortText);
  v("allow", m.allow, kRequired);
  v("message", m.message, kOptional, kLongText);
  v("answers", m.answers, kOptional, kMaxQuestion);
  v("assertion", m.assertion, kRequired, kMaxAssertion);
}

template <class V, Is<Seen> M>
void Fields(V& v, M& m) {
  v("session_id", m.session_id, kRequired, kShortText);
  v("assertion", m.assertion, kRequired, kMaxAssertion);
}

template <class V, Is<ErrorMessage> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kOptional, kShortText);
  v("message", m.message, kRequired, kLongText);
  v("auth_error", m.auth_error, kOptional);
}

template <class V, Is<Endorsement> M>
void Fields(V& v, M& m) {
  v("key_id", m.key_id, kRequired, kShortText);
  v("signature", m.signature, kRequired, kShortText);
}

template <class V, Is<HubKey> M>
void Fields(V& v, M& m) {
  v("public_key", m.public_key, kRequired, kShortText);
  v("endorsements", m.endorsements, kOptional, kMaxEntries);
}

template <class V, Is<HubKeys> M>
void Fields(V& v, M& m) {
  v("keys", m.keys, kRequired, kMaxEntries);
}

template <class V, Is<HubInfo> M>
void Fields(V& v, M& m) {
  v("version", m.version, kOptional, kShortText);
  v("url", m.url, kOptional, kLongText);
  v("keys", m.keys, kOptional, kMaxEntries);
}

template <class V, Is<Registered> M>
void Fields(V& v, M& m) {
  v("success", m.success, kRequired);
  v("message", m.message, kOptional, kLongText);
  v("hub", m.hub, kOptional);
}

template <class V, Is<Command> M>
void Fields(V& v, M& m) {
  v("command", m.command, kRequired);
}

template <class V, class M>
  requires(Is<M, Fenced> || Is<M, Drain>)
void Fields(V& v, M& m) {
  v("message", m.message, kOptional, kLongText);
}

template <class V, Is<HttpProxyRequest> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("method", m.method, kRequired, kShortText);
  v("path", m.path, kRequired);
  v("headers", m.headers, kRequired);
  v("body", m.body, kOptional);
  v("query", m.query, kOptional);
  v("proxy_base", m.proxy_base, kOptional, kLongText);
}

template <class V, Is<UserRequest> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("action", m.action, kRequired, kShortText);
  v("payload", m.payload, kRequired);
}

template <class V, Is<UserRequestFollowUp> M>
void Fields(V& v, M& m) {
  v("request_id", m.request_id, kRequired, kShortText);
  v("payload", m.payload, kRequired);
}

template <class V, Is<ClientMetadata> M>
void Fields(V& v, M& m) {
  v("hostname", m.hostname, kRequired, kShortText);
  v("project", m.project, kRequired, kLongText);
  v("status", m.status, kRequired);
  v("last_activity", m.last_activity, kRequired);
  v("callback_url", m.callback_url, kOptional, kLongText);
  v("platform", m.platform, kOptional, kShortText);
  v("version", m.version, kOptional, kShortText);
  v("adapter", m.adapter, kOptional, kShortText);
  v("agent_version", m.agent_version, kOptional, kShortText);
  v("labels", m.labels, kOptional, kShortText);
  v("needs_you", m.needs_you, kOptional);
  v("sessions", m.sessions, kOptional, kMaxEntries);
  v("state", m.state, kAlways);
  v("state_since", m.state_since, kAlways);
  v("traffic", m.traffic, kOptional);
  v("no_answer", m.no_answer, kOptional);
  v("awaits_status", m.awaits_status, kOptional);
}

template <class V, Is<Client> M>
void Fields(V& v, M& m) {
  v("id", m.id, kRequired, kShortText);
  v("user_id", m.user_id, kRequired);
  v("metadata", m.metadata, kRequired);
  v("connected_at", m.connected_at, kRequired);
  v("last_seen", m.last_seen, kRequired);
  v("url", m.url, kOptional, kLongText);
  v("latency_ms", m.latency_ms, kOptional);
  v("role", m.role, kOptional, kShortText);
  v("owner", m.owner, kOptional, kShortText);
  v("label", m.label, kOptional, kShortText);
  v("path_url", m.path_url, kOptional, kLongText);
}

template <class V, Is<GetClients> M>
void Fields(V& v, M& m) {
  v("vitals", m.vitals, kOptional);
}

template <class V, Is<Vitals> M>
void Fields(V& v, M& m) {
  v("id", m.id, kRequired, kShortText);
  v("latency_ms", m.latency_ms, kOptional);
  v("traffic", m.traffic, kOptional);
}

template <class V, Is<ClientVitals> M>
void Fields(V& v, M& m) {
  v("clients", m.clients, kRequired);
}

template <class V, Is<ClientList> M>
void Fields(V& v, M& m) {
  v("clients", m.clients, kRequired);
  v("more", m.more, kOptional);
}

template <class V, Is<ClientListEnd> M>
void Fields(V& /*v*/, M& /*m*/) {}

template <class V, Is<ClientUpdate> M>
void Fields(V& v, M& m) {
  v("client", m.client, kRequired);
}

template <class V, class M>
  requires(Is<M, ClientDisconnected> || Is<M, ClientRemoved> || Is<M, ConnectClient>)
void Fields(V& v, M& m) {
  v("client_id", m.client_id, kRequired, kShortText);
}

template <class V, Is<ConnectResponse> M>
void Fields(V& v, M& m) {
  v("success", m.success, kRequired);
  v("client_id", m.client_id, kRequired, kShortText);
  v("url", m.url, kOptional, kLongText);
  v("message", m.message, kOptional, kLongText);
}

template <class V, Is<ForwardToClient> M>
void Fields(V& v, M& m) {
  v("client_id", m.client_id, kRequired, kShortText);
  v("request_id", m.request_id, kRequired, kShortText);
  v("action", m.action, kRequired, kShortText);
  v("payload", m.payload, kRequired);
}

template <class V, Is<ForwardedResponse> M>
void Fields(V& v, M& m) {
  v("client_id", m.client_id, kRequired, kShortText);
  v("request_id", m.request_id, kRequired, kShortText);
  v("data", m.data, kRequired);
  v("complete", m.complete, kRequired);
}

}  // namespace berth::control
