// For tests: a connection in memory (two ByteStreams, each the other's peer), and a decorator that
// makes one operation of a stream fail.
//
// Works on any Executor, TestExecutor included; nothing here needs a socket or time.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event.h"
#include "net/byte_stream.h"

namespace berth::net::testing {

struct PipeOptions {
  std::size_t fragment = 0;          ///< Most bytes per Read; 0 = as many as there are.
  std::size_t capacity = 64 * 1024;  ///< Bytes in flight per direction before Write waits.
  Duration write_stall{};            ///< A Write without any progress; zero: waits for ever.
  Peer peer{.address = "192.0.2.1", .port = 4242, .is_tls = false, .alpn = ""};  ///< Of both ends.
};

namespace pipe_internal {

/// One direction.
struct Lane {
  explicit Lane(Executor& executor) : readable(executor), writable(executor) {}
  void Wake() {
    readable.Set();
    writable.Set();
  }

  std::deque<std::byte> bytes;
  bool is_finished = false;     ///< The writer said ShutdownWrite.
  bool is_writer_gone = false;  ///< The writer's end was closed.
  bool is_reader_gone = false;  ///< The reader's end was closed.
  std::size_t total = 0;        ///< Bytes that ever passed.
  Event readable;               ///< Bytes, the end, or a break.
  Event writable;               ///< Room, or a break.
};

class PipeStream : public ByteStream {
 public:
  PipeStream(std::shared_ptr<Lane> in, std::shared_ptr<Lane> out, PipeOptions options)
      : in_(std::move(in)), out_(std::move(out)), options_(std::move(options)) {}
  ~PipeStream() override { Close(); }

  Task<Result<MutableBytes>> Read() override {
    for (;;) {
      if (in_->is_reader_gone) co_return Unavailable("read: the stream is closed");
      if (!in_->bytes.empty()) break;
      if (in_->is_finished) co_return MutableBytes{};
      if (in_->is_writer_gone) co_return Unavailable("read: connection reset by peer");
      in_->readable.Reset();
      co_await in_->readable.Wait();
    }
    std::size_t count = std::min<std::size_t>(in_->bytes.size(), 64 * 1024);
    if (options_.fragment != 0) count = std::min(count, options_.fragment);
    const auto end = in_->bytes.begin() + static_cast<std::ptrdiff_t>(count);
    // A block of exactly this size, so that ASan sees a view used for too long or too far.
    block_ = std::vector<std::byte>(in_->bytes.begin(), end);
    in_->bytes.erase(in_->bytes.begin(), end);
    in_->writable.Set();
    co_return MutableBytes(block_);
  }

  Task<Result<void>> Write(std::span<const Bytes> pieces) override {
    for (Bytes piece : pieces) {
      while (!piece.empty()) {
        if (out_->is_finished || out_->is_writer_gone) {
          co_return Unavailable("write: the stream is closed");
        }
        if (out_->is_reader_gone) co_return Unavailable("write: broken pipe");
        const std::size_t used = std::min(out_->bytes.size(), options_.capacity);
        const std::size_t count = std::min(options_.capacity - used, piece.size());
        if (count == 0) {
          auto waited = co_await WaitWritable();
          if (!waited) co_return std::move(waited).error();
          continue;
        }
        out_->bytes.insert(out_->bytes.end(), piece.begin(),
                           piece.begin() + static_cast<std::ptrdiff_t>(count));
        out_->total += count;
        out_->readable.Set();
        piece = piece.subspan(count);
      }
    }
    co_return Ok();
  }

  Task<Result<void>> ShutdownWrite() override {
    if (out_->is_writer_gone) co_return Unavailable("shutdown: the stream is closed");
    out_->is_finished = true;
    out_->Wake();
    co_return Ok();
  }

  void Close() noexcept override {
    in_->is_reader_gone = true;
    out_->is_writer_gone = true;
    in_->Wake();
    out_->Wake();
  }

  const Peer& peer() const override { return options_.peer; }

 private:
  Task<Result<void>> WaitWritableUnbounded() {
    out_->writable.Reset();
    co_await out_->writable.Wait();
    co_return Ok();
  }
  Task<Result<void>> WaitWritable() {
    if (options_.write_stall == Duration::zero()) return WaitWritableUnbounded();
    return WithDeadline(out_->writable.executor(), options_.write_stall, "write",
                        WaitWritableUnbounded());
  }

  std::shared_ptr<Lane> in_;
  std::shared_ptr<Lane> out_;
  PipeOptions options_;
  std::vector<std::byte> block_;
};

}  // namespace pipe_internal

using StreamPair = std::pair<StreamPtr, StreamPtr>;

/// Two connected streams. A closed (or destroyed) end breaks the connection: the other end may
/// still read what was written before, then gets kUnavailable, or the end of the stream if
/// ShutdownWrite came before the close. Writing to a closed end is kUnavailable.
inline StreamPair MakePipe(Executor& executor, PipeOptions options = {}) {
  auto there = std::make_shared<pipe_internal::Lane>(executor);
  auto back = std::make_shared<pipe_internal::Lane>(executor);
  return {std::make_unique<pipe_internal::PipeStream>(back, there, options),
          std::make_unique<pipe_internal::PipeStream>(there, back, options)};
}

/// Counts the operations of one or several FailingStreams, and says which one fails.
struct FailurePlan {
  int fail_at = 0;  ///< The number of the operation that fails, from 1; 0 = none.
  int count = 0;    ///< Operations begun so far; test whether a run came as far as `fail_at`.
  /// Counts one operation; true: fail it.
  bool Next() { return ++count == fail_at; }
};

/// Passes everything on, but breaks the connection at the Nth Read, Write or ShutdownWrite. For
/// loops `for (N = 1; ; ++N)` until a run ends with `plan.count < plan.fail_at`.
class FailingStream : public ByteStream {
 public:
  /// `plan` must outlive the stream; several streams may share one.
  FailingStream(StreamPtr inner, FailurePlan& plan) : inner_(std::move(inner)), plan_(plan) {}

  Task<Result<MutableBytes>> Read() override {
    if (plan_.Next()) co_return Fail("read");
    auto read = co_await inner_->Read();
    co_return read;
  }
  Task<Result<void>> Write(std::span<const Bytes> pieces) override {
    if (plan_.Next()) co_return Fail("write");
    auto written = co_await inner_->Write(pieces);
    co_return written;
  }
  Task<Result<void>> ShutdownWrite() override {
    if (plan_.Next()) co_return Fail("shutdown");
    auto finished = co_await inner_->ShutdownWrite();
    co_return finished;
  }
  void Close() noexcept override { inner_->Close(); }
  const Peer& peer() const override { return inner_->peer(); }

 private:
  Error Fail(std::string_view operation) {
    inner_->Close();
    return Unavailable(std::string(operation) + ": planned failure");
  }

  StreamPtr inner_;
  FailurePlan& plan_;
};

/// Writes one text. For tests: `executor.Await(WriteText(*stream, "GET / ..."))`.
inline Task<Result<void>> WriteText(ByteStream& stream, std::string text) {
  const Bytes piece = AsBytes(text);
  auto written = co_await stream.Write(std::span(&piece, 1));
  co_return written;
}

/// Reads until at least `size` bytes came or the stream ended; returns what came.
inline Task<Result<std::string>> ReadText(ByteStream& stream, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    auto read = co_await stream.Read();
    if (!read) co_return std::move(read).error();
    if (read->empty()) break;
    text += AsText(*read);
  }
  co_return text;
}

/// Reads to the end of the stream.
inline Task<Result<std::string>> ReadAllText(ByteStream& stream) {
  auto text = co_await ReadText(stream, static_cast<std::size_t>(-1));
  co_return text;
}

}  // namespace berth::net::testing
