// The exchange: a request head, a request body, a response head and a response body, whatever
// carries them (RFC 9110). HTTP/1.1 and HTTP/2, servers and clients, all speak in these types.
//
// A WebSocket is an exchange whose bodies stay open: the request has `protocol` "websocket" (as the
// :protocol of RFC 8441), the response has status 101, and both bodies are then the raw bytes of
// the two directions. The key and the accept value of RFC 6455 belong to one HTTP/1.1 hop each: the
// HTTP/1.1 server and client make and check them, and no head in between holds them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/body.h"
#include "http/fields.h"

namespace berth::http {

/// What a response says before its body.
struct ResponseHead {
  int status = 200;
  Fields fields;
};

/// Whether the body is an event stream (text/event-stream).
bool IsEventStream(const ResponseHead& head);

/// What a request says before its body.
struct RequestHead {
  std::string method;     ///< A token; "GET" for WebSockets whatever carries them.
  std::string scheme;     ///< "http" or "https", as the hop that received it saw it; behind the
                          ///< hub's router, how the browser reached the hub.
  std::string authority;  ///< Host (and :port), as sent; never empty. Not among the fields.
  std::string target;     ///< Origin-form: path and query; or "*".
  std::string protocol;   ///< "websocket", or empty.
  Fields fields;

  /// The target up to the first '?'.
  std::string_view path() const;
  /// The target after the first '?', "" without.
  std::string_view query() const;
  bool is_upgrade() const { return !protocol.empty(); }
};

/// Receives the interim responses (1xx but 101) of an exchange, in order, before its response. A
/// server's takes no 100: each hop says that for itself. Must not suspend; called at the top of no
/// one's stack in particular, so it must only queue.
using InterimHandler = std::move_only_function<void(const ResponseHead&)>;
/// Interim responses of one exchange that a client passes on. It drops the rest: they are no reason
/// to lose the response.
inline constexpr int kMostInterims = 32;

/// Goes on with a connection that an upgrade took out of HTTP: `first` is what came behind the
/// request and was read already, `stream` what comes next. Called once; the connection is held open
/// for as long as the task runs.
using Takeover = std::move_only_function<Task<void>(net::StreamPtr stream, std::string first)>;

/// What a Service is asked. Whoever carries it out reads `body` to its end, or drops it.
struct Request {
  RequestHead head;
  BodyPtr body;
  net::Peer peer;          ///< Who sent it over the connection at hand, or as a trusted proxy says.
  InterimHandler interim;  ///< May be empty: interim responses are then dropped.
  bool may_take_over = false;  ///< The response may bring a Takeover.
};

/// What a Service answers. Whoever sends it on reads `body` to its end, or drops it to cancel.
struct Response {
  ResponseHead head;
  BodyPtr body;  ///< Never used for HEAD, 204 and 304, nor with a takeover.
  /// With 101, and if the request allows it: the service wants the connection itself, so that
  /// nothing of HTTP is left on it. A connection that is open for days needs little then.
  std::unique_ptr<Takeover> takeover = {};

  bool is_upgraded() const { return head.status == 101; }
  /// A WebSocket or an event stream, whose body goes on until somebody ends it.
  bool is_endless() const { return is_upgraded() || IsEventStream(head); }
};

/// Whatever turns a request into a response: the hub's routes, the reverse proxy, and every client.
///
/// Dropping the Task cancels the exchange. Dropping the response's body cancels what is left of it.
/// The request's body belongs to the service from the call on, which may go on reading it after it
/// returned the response, for as long as the response's body lives (longer only for what it keeps).
class Service {
 public:
  virtual ~Service() = default;
  /// One exchange. Without a response there is an error, whose kind a server makes a status of
  /// (error_status.h). Unless it says otherwise, the service must outlive the Task.
  virtual Task<Result<Response>> Exchange(Request request) = 0;
};

/// What a Service returns that had nothing to wait for.
Task<Result<Response>> AtHand(Response response);

/// A response with a text body and its content type.
Response TextResponse(int status, std::string_view content_type, std::string text);

}  // namespace berth::http
