// H2Stream: the state of one open HTTP/2 stream, owned by its session from the first frame until
// nghttp2 has closed the stream. Internal to the h2_* files.
#pragma once

#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "base/pool.h"
#include "base/task_group.h"
#include "http/h2_head.h"
#include "http/h2_inbound.h"
#include "http/message.h"

namespace berth::http {

struct H2HungryTag;
using H2HungryHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<H2HungryTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct H2Stream : boost::intrusive::list_base_hook<>, H2HungryHook, Pooled {
  std::int32_t id = 0;
  std::shared_ptr<H2Inbound> inbound;     ///< What arrives; never null.
  std::unique_ptr<H2HeadReader> reading;  ///< The head that arrives just now.
  bool is_head_request = false;           ///< The request's method is HEAD.
  bool is_upgrade = false;                ///< The request asks for an upgrade.
  bool is_upgraded = false;               ///< And got it.
  bool has_head = false;                  ///< A final head was received (client) or sent (server).
  bool is_reset = false;                  ///< We have reset it.
  bool is_head_out = false;               ///< The final head that we send went out.
  int interims = 0;                       ///< Interim responses received, up to the bound.

  // What we send: `piece` is a view of the body that Pump reads.
  Bytes piece;
  bool at_end = false;                    ///< Nothing follows `piece`.
  bool is_deferred = false;               ///< nghttp2 waits for a piece.
  std::coroutine_handle<> pump;           ///< Pump, while it waits until `piece` is used.
  std::optional<std::uint64_t> declared;  ///< The Content-Length that we sent.
  std::uint64_t sent = 0;                 ///< Bytes of all pieces so far.
  /// How many of them had been taken when EndStalled last looked.
  std::uint64_t taken_before = std::numeric_limits<std::uint64_t>::max();
  /// The body broke off: the stream is reset with this once its head is out.
  std::optional<std::uint32_t> break_off;

  // Client role.
  InterimHandler interim;
  BodyPtr request_body;

  Job job;  ///< The exchange (server) or the request's pump (client). Last: it uses the others.
};

using H2StreamList = boost::intrusive::list<H2Stream, boost::intrusive::constant_time_size<false>>;
using H2HungryList = boost::intrusive::list<H2Stream, boost::intrusive::base_hook<H2HungryHook>,
                                            boost::intrusive::constant_time_size<false>>;

/// What a role passes to nghttp2 when a stream's pieces are to be sent.
nghttp2_data_provider H2DataProvider();

}  // namespace berth::http
