// What the two ends of a crossing (crossing.h) tell each other: plain values, so that whatever
// thread ends up destroying one may do so.
//
// Every message belongs to one exchange. The front sends Begin first and Done last; in between each
// end sends the pieces of the body that it has, and tells what became of those that it got.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "base/mailbox.h"
#include "http/message.h"
#include "net/buffer_pool.h"

namespace berth::http::crossing {

struct Message;

// From the front.

/// The first of all: where answers go.
struct Hello {
  MailAddress<Message> reply_to;
};
struct RequestParts {
  RequestHead head;
  net::Peer peer;
};
struct Begin {
  std::unique_ptr<RequestParts> request;
  bool has_body = false;
  std::optional<std::uint64_t> length;  ///< The body's, if known.
  bool wants_interim = false;
};
/// The exchange is over, or no longer wanted. Nothing follows.
struct Done {};

// To the front.

struct Interim {
  ResponseHead head;
};
struct Answer {
  ResponseHead head;
  bool has_body = false;
  std::optional<std::uint64_t> length;
};
/// There is no response.
struct Failure {
  Error error;
};

// Bodies, both ways.

/// From the reader: begin to send. Bodies of requests are not read before somebody wants them.
struct Want {};
struct Piece {
  net::Block block;  ///< Holds `size` bytes; none if `size` is 0.
  std::size_t size = 0;
  bool is_last = false;
};
/// From the reader: a piece was used; here is its block for the next one.
struct Used {
  net::Block block;
};
/// The body broke off. Overtakes what was not read yet.
struct BodyFailure {
  Error error;
};
/// From the reader: it will not read on.
struct Unwanted {};

// Both ways.

/// The sender is gone, and every exchange with it.
struct Closed {};

struct Message {
  std::uint64_t id = 0;  ///< Of the exchange; 0 in Hello and Closed.
  std::variant<Hello, Begin, Done, Interim, Answer, Failure, Want, Piece, Used, BodyFailure,
               Unwanted, Closed>
      what;
};

}  // namespace berth::http::crossing
