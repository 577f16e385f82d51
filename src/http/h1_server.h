// The HTTP/1.1 server side of one connection: reads requests strictly (h1_parser.h), hands them to
// a Service one after the other, and writes what it answers.
//
// Pipelined requests are served in order, never at once. While a Service works, the connection is
// watched: a browser that closes it, or finishes its direction, cancels the exchange at once (the
// Task is dropped). Runs on one loop.
#pragma once

#include "base/event.h"
#include "base/limits.h"
#include "base/task.h"
#include "http/taken_connection.h"
#include "net/byte_stream.h"

namespace berth::http {

struct H1Options {
  /// Set: answer what is in flight with `Connection: close` and take no further request. May be
  /// null. Must outlive the call.
  Event* drain = nullptr;
};

/// Serves `stream` until either side closes it; returns when the connection is closed, or taken
/// over. Dropping the Task closes it at once. `executor`, `limits` and `service` must outlive the
/// call.
///
/// What the Service gets: fields without Host (it is the authority), Transfer-Encoding and Expect;
/// `connection` is left for the proxy's header rules, except on upgrades. What it answers: every
/// status from 200 to 599, and 101 to an upgrade; Connection, Keep-Alive, Transfer-Encoding,
/// Upgrade and Content-Length (but to HEAD and in a 304) are dropped, because framing is made here
/// from Body::length(); `Connection: close` ends the connection after the answer. An Error becomes
/// a bare response by its kind.
///
/// Upgrades may take the connection over: the result is then that connection, its 101 written, for
/// the caller to go on with. Else it holds no stream.
Task<TakenConnection> ServeH1(Executor& executor, const Limits& limits, net::StreamPtr stream,
                              Service& service, H1Options options = {});

}  // namespace berth::http
