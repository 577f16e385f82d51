// A connection that an upgrade took out of HTTP (Takeover in message.h), and how to carry the two
// bodies of the exchange over it. All of it lives on the connection's loop.
#pragma once

#include <memory>
#include <string>

#include "http/message.h"

namespace berth::http {

struct TakenConnection {
  std::unique_ptr<Takeover> takeover = {};
  net::StreamPtr stream = {};  ///< Null: nothing was taken over.
  std::string first = {};      ///< Read of it already.

  /// REQUIRES: it holds a stream. Call once.
  Task<void> GoOn() { return (*takeover)(std::move(stream), std::move(first)); }
};

/// The peer's bytes: `first`, then what is read from `stream`, which must outlive the body.
BodyPtr ArrivingBody(net::ByteStream& stream, std::string first);

/// Writes what `body` gives, to its end. Its failure, or that of writing, after which `body` is
/// dropped at once.
Task<Result<void>> WriteOut(BodyPtr body, net::ByteStream& stream);

/// For when nobody wants the peer's bytes any more: waits for `writing` (of WriteOut), finishes our
/// direction, and reads until the peer has finished its own, so that it sees our last bytes. The
/// caller bounds it in time.
Task<Result<void>> FinishConnection(Task<Result<void>> writing, net::ByteStream& stream);

}  // namespace berth::http
