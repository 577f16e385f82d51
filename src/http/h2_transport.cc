#include "http/h2_transport.h"

#include <algorithm>

#include "base/log.h"

namespace berth::http {
namespace {

// A buffer larger than this is let go after a small write, so that idle connections are small.
constexpr std::size_t kSmallWrite = 4 * 1024;
// After an error the last frames, which say why, have this long to leave.
constexpr std::chrono::seconds kFarewell{1};

struct Connection {
  Executor& executor;
  const Limits& limits;
  net::ByteStream& stream;
  H2Session& session;
  Event over;         ///< The connection has ended, with `reason`.
  Timer head_timer;   ///< A head that has begun must end.
  Timer watch_timer;  ///< Idle, silent or slow to start.
  TimePoint started;
  TimePoint last_received;
  TimePoint pinged;          ///< Later than last_received: an answer is due.
  bool is_flushing = false;  ///< Reading has failed; the last frames leave.
  bool is_flushed = false;   ///< Everything was written.
  std::optional<Error> reason;

  Connection(Executor& e, const Limits& l, net::ByteStream& s, H2Session& h)
      : executor(e),
        limits(l),
        stream(s),
        session(h),
        over(e),
        head_timer([this] { End(Timeout("a head did not arrive in time")); }),
        watch_timer([this] { Watch(); }),
        started(e.now()),
        last_received(e.now()),
        pinged(e.now()) {
    Watch();
  }

  void End(Error error) {
    if (!reason) reason = std::move(error);
    over.Set();
  }

  /// Ends what is idle, silent or too slow, and sets the timer to when it may be so next. Deadlines
  /// only ever move away in between, so nothing has to re-arm the timer.
  void Watch() {
    const TimePoint now = executor.now();
    TimePoint due = last_received + limits.idle_timeout;
    if (is_flushing) {
      End(Unavailable("the last frames were not taken"));
      return;
    }
    if (!session.is_settled()) {
      due = started + limits.head_timeout;
      if (due <= now) {
        End(Timeout("no HTTP/2 settings in time"));
        return;
      }
    } else if (session.stream_count() == 0) {
      due = std::max(started, session.idle_since()) + limits.idle_timeout;
      if (due <= now && session.is_draining()) {
        End(Timeout("the browser does not take its farewell"));
        return;
      }
      if (due <= now) {
        session.Drain();
        due = now + 2 * kFarewell;
      }
    } else if (pinged > last_received) {
      due = pinged + limits.ping_answer;
      if (due <= now) {
        End(Timeout("no answer to a ping"));
        return;
      }
    } else if (due <= now) {
      session.Ping();
      pinged = now;
      due = now + limits.ping_answer;
    }
    executor.Arm(watch_timer, due);
  }
};

struct EndOnExit {
  Connection& connection;
  bool is_dismissed = false;
  ~EndOnExit() {
    if (!is_dismissed) connection.over.Set();
  }
};

Task<void> ReadAll(Connection& connection) {
  EndOnExit guard{connection};
  for (;;) {
    auto bytes = co_await connection.stream.Read();
    if (!bytes) {
      connection.End(std::move(bytes).error());
      co_return;
    }
    if (bytes->empty()) {
      connection.End(Unavailable("the peer closed the connection"));
      co_return;
    }
    connection.last_received = connection.executor.now();
    auto received = connection.session.Receive(*bytes);
    if (!received) {
      connection.reason = std::move(received).error();
      connection.is_flushing = true;
      connection.executor.ArmAfter(connection.watch_timer, kFarewell);
      guard.is_dismissed = true;
      co_return;
    }
    const bool is_incomplete = connection.session.is_head_incomplete();
    if (is_incomplete && !connection.head_timer.is_armed()) {
      connection.executor.ArmAfter(connection.head_timer, connection.limits.head_timeout);
    } else if (!is_incomplete && connection.head_timer.is_armed()) {
      connection.head_timer.Disarm();
    }
  }
}

Task<void> WriteAll(Connection& connection) {
  EndOnExit guard{connection};
  H2Session& session = connection.session;
  OutBuffer out;
  for (;;) {
    co_await session.output().Wait();
    const std::size_t produced = session.Produce(out, kH2Write);
    if (produced > 0) {
      const Bytes piece = net::AsBytes(out);
      auto written = co_await connection.stream.Write(std::span(&piece, 1));
      if (!written) {
        connection.End(std::move(written).error());
        co_return;
      }
      out.clear();
      if (produced <= kSmallWrite && out.capacity() > kSmallWrite) out = OutBuffer();
    }
    if (session.is_finished()) {
      connection.is_flushed = true;
      connection.End(Unavailable("the session has ended"));
      co_return;
    }
  }
}

Task<void> DrainOn(Event* drain, H2Session& session) {
  co_await drain->Wait();
  session.Drain();
}

/// Finishes our direction and waits for the peer's end, so that closing does not destroy the last
/// bytes on their way.
Task<Result<void>> Linger(net::ByteStream& stream) {
  auto finished = co_await stream.ShutdownWrite();
  if (!finished) co_return finished;
  for (;;) {
    auto bytes = co_await stream.Read();
    if (!bytes) co_return std::move(bytes).error();
    if (bytes->empty()) co_return Ok();
  }
}

}  // namespace

Task<void> RunH2(Executor& executor, const Limits& limits, net::ByteStream& stream,
                 H2Session& session, Event* drain) {
  Connection connection(executor, limits, stream, session);
  auto reader = ReadAll(connection);
  auto writer = WriteAll(connection);
  Task<void> drainer;
  reader.Start();
  writer.Start();
  if (drain != nullptr) {
    drainer = DrainOn(drain, session);
    drainer.Start();
  }
  co_await connection.over.Wait();
  reader.Reset();
  writer.Reset();
  drainer.Reset();
  connection.head_timer.Disarm();
  connection.watch_timer.Disarm();
  const Error reason = connection.reason.value_or(Internal("the connection's task ended"));
  session.Close(reason);
  LogDebug("HTTP/2 connection of {}: {}", ForLog(stream.peer().address), reason.ToString());
  if (connection.is_flushed) {
    auto lingered = co_await WithDeadline(executor, kFarewell, "close", Linger(stream));
    if (!lingered) LogDebug("HTTP/2 close: {}", lingered.error().ToString());
  }
  stream.Close();
}

}  // namespace berth::http
