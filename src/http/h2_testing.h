// For tests of the h2_* files: services, bodies, two sessions joined in memory, and raw frames.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/h2_client_session.h"
#include "http/h2_server_session.h"
#include "http/service_testing.h"

namespace berth::http::testing {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;

/// Answers with the request's body; an upgrade with 101.
inline Task<Result<Response>> Echo(Request request) {
  Response response;
  response.head.status = request.head.is_upgrade() ? 101 : 200;
  response.body = std::move(request.body);
  co_return response;
}

/// `size` bytes in pieces of 10,000, then the end; the bytes are predictable.
class PatternBody : public Body {
 public:
  explicit PatternBody(std::uint64_t size) : left_(size) {}
  static std::byte At(std::uint64_t offset) { return static_cast<std::byte>(offset * 31 >> 3); }
  Task<Result<MutableBytes>> Read() override {
    const std::size_t count = std::min<std::uint64_t>(left_, 10'000);
    piece_.resize(count);
    for (std::byte& byte : piece_) byte = At(offset_++);
    left_ -= count;
    ++reads;
    co_return MutableBytes(piece_);
  }
  int reads = 0;

 private:
  std::uint64_t left_;
  std::uint64_t offset_ = 0;
  std::vector<std::byte> piece_;
};

/// Gives what the test Push()es; ends after Finish(); Break() makes it fail. Tells when it is gone.
struct ManualSource {
  explicit ManualSource(Executor& executor) : changed(executor) {}
  void Push(std::string text) {
    pieces.push_back(std::move(text));
    changed.Set();
  }
  void Finish() {
    is_finished = true;
    changed.Set();
  }
  void Break(Error why) {
    error = std::move(why);
    changed.Set();
  }
  Event changed;
  std::vector<std::string> pieces;
  bool is_finished = false;
  std::optional<Error> error;
  bool is_gone = false;
};
class ManualBody : public Body {
 public:
  explicit ManualBody(ManualSource& source) : source_(source) {}
  ~ManualBody() override { source_.is_gone = true; }
  Task<Result<MutableBytes>> Read() override {
    while (source_.pieces.empty() && !source_.is_finished && !source_.error) {
      source_.changed.Reset();
      co_await source_.changed.Wait();
    }
    if (source_.error) co_return *source_.error;
    if (source_.pieces.empty()) co_return MutableBytes{};
    held_ = std::move(source_.pieces.front());
    source_.pieces.erase(source_.pieces.begin());
    co_return std::as_writable_bytes(std::span(held_));
  }

 private:
  ManualSource& source_;
  std::string held_;
};

inline Request Get(std::string target) {
  Request request;
  request.head = {.method = "GET",
                  .scheme = "https",
                  .authority = "hub.example",
                  .target = std::move(target),
                  .protocol = "",
                  .fields = {}};
  return request;
}

inline Request Post(std::string target, BodyPtr body) {
  Request request = Get(std::move(target));
  request.head.method = "POST";
  request.body = std::move(body);
  return request;
}

inline Request Upgrade(std::string target, BodyPtr body) {
  Request request = Get(std::move(target));
  request.head.protocol = "websocket";
  request.head.fields.Add("sec-websocket-version", "13");
  request.body = std::move(body);
  return request;
}

/// A client session joined to a server session: what one produces, the other receives, in pieces of
/// `fragment` bytes (0: whole).
class JoinedSessions {
 public:
  JoinedSessions(TestExecutor& executor, const Limits& limits, Service& service,
                 H2Options options = {}, std::size_t fragment = 0)
      : fragment_(fragment), hold_(executor) {
    client = std::make_unique<H2ClientSession>(executor, limits, options);
    server = std::make_unique<H2ServerSession>(executor, limits, service, options);
    hold_.Set();
    up_ = Carry(*this, *client, *server);
    down_ = Carry(*this, *server, *client);
    up_.Start();
    down_.Start();
  }

  /// Stops the bytes in both directions, as a stuck network does.
  void Hold() { hold_.Reset(); }
  void Resume() { hold_.Set(); }
  /// Destroys what carries the bytes, then one or both sessions.
  void Cut() {
    up_.Reset();
    down_.Reset();
  }

  std::unique_ptr<H2ClientSession> client;
  std::unique_ptr<H2ServerSession> server;
  std::size_t largest_output = 0;
  std::size_t from_client = 0;  ///< Bytes.
  std::size_t from_server = 0;
  OutBuffer last_output;  ///< What either said last, as one write.

 private:
  static Task<void> Carry(JoinedSessions& self, H2Session& from, H2Session& to) {
    OutBuffer out;
    for (;;) {
      co_await from.output().Wait();
      co_await self.hold_.Wait();
      out.clear();
      from.Produce(out, kH2Write);
      self.largest_output = std::max(self.largest_output, out.size());
      if (&from == self.server.get()) self.from_server += out.size();
      if (&from == self.client.get()) self.from_client += out.size();
      self.last_output = out;
      auto rest = std::as_writable_bytes(std::span(out));
      while (!rest.empty()) {
        const std::size_t count =
            self.fragment_ == 0 ? rest.size() : std::min(self.fragment_, rest.size());
        std::vector<std::byte> exact(rest.begin(), rest.begin() + static_cast<long>(count));
        rest = rest.subspan(count);
        auto received = to.Receive(exact);
        if (!received) {
          self.errors.push_back(received.error());
          rest = {};
        }
      }
      if (from.is_finished()) co_return;
    }
  }

 public:
  std::vector<Error> errors;

 private:
  std::size_t fragment_;
  Event hold_;
  Task<void> up_;
  Task<void> down_;
};

// Raw frames.

enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRst = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
  kWindow = 8,
  kContinuation = 9,
};

inline std::string Number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
  std::string frame = Number(static_cast<std::uint32_t>(payload.size())).substr(1);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  frame += Number(stream);
  frame += payload;
  return frame;
}

/// A field as an HPACK literal without indexing. Name and value below 127 bytes, or value a
/// multiple of bytes encoded with one continuation (up to 16,510).
inline std::string Literal(std::string_view name, std::string_view value) {
  const auto text = [](std::string_view s) {
    std::string coded;
    if (s.size() < 127) {
      coded += static_cast<char>(s.size());
    } else {
      std::size_t rest = s.size() - 127;
      coded += static_cast<char>(127);
      while (rest >= 128) {
        coded += static_cast<char>(rest % 128 + 128);
        rest /= 128;
      }
      coded += static_cast<char>(rest);
    }
    return coded + std::string(s);
  };
  return std::string(1, '\0') + text(name) + text(value);
}

using FieldList = std::vector<std::pair<std::string, std::string>>;

inline std::string Block(const FieldList& fields) {
  std::string block;
  for (const auto& [name, value] : fields) block += Literal(name, value);
  return block;
}

inline FieldList GetFields(FieldList more = {}) {
  FieldList fields{
      {":method", "GET"}, {":scheme", "https"}, {":authority", "hub.example"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

/// A field of so many bytes that enters the peer's table, and then one-byte references to it.
inline std::string Bomb(std::size_t bytes, std::size_t references) {
  std::string field = Literal("x-big", std::string(bytes, 'b'));
  field[0] = 0x40;  // With indexing.
  return field + std::string(references, '\xbe');
}

/// A head or trailers on stream 1 in frames of 16,000 bytes.
inline std::string HeadFrames(std::uint8_t flags, std::string_view block) {
  constexpr std::size_t kMost = 16'000;
  constexpr std::uint8_t kContinuation = 9;
  constexpr std::uint8_t kLast = 4;  // END_HEADERS.
  std::uint8_t type = kHeaders;
  std::string frames;
  for (; block.size() > kMost; block.remove_prefix(kMost)) {
    frames += Frame(type, flags, 1, block.substr(0, kMost));
    type = kContinuation;
    flags = 0;
  }
  return frames + Frame(type, flags | kLast, 1, block);
}

inline std::string Preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, "");
}

struct SeenFrame {
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;
  std::string payload;
};

/// The frames in `bytes`.
inline std::vector<SeenFrame> ParseFrames(std::string_view bytes) {
  std::vector<SeenFrame> frames;
  while (bytes.size() >= 9) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::size_t length = static_cast<std::size_t>(at(0)) << 16 | at(1) << 8 | at(2);
    frames.push_back({at(3), at(4),
                      static_cast<std::uint32_t>(at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8)),
                      std::string(bytes.substr(9, length))});
    bytes.remove_prefix(std::min(bytes.size(), 9 + length));
  }
  return frames;
}

struct Fetched {
  ResponseHead head;
  std::string body;
};

inline Task<Result<Fetched>> Fetch(Service& service, Request request) {
  auto response = co_await service.Exchange(std::move(request));
  if (!response) co_return std::move(response).error();
  Fetched fetched;
  fetched.head = response->head;
  auto body = co_await ReadAll(response->body.get(), 1 << 20);
  if (!body) co_return std::move(body).error();
  fetched.body = std::move(*body);
  co_return fetched;
}

}  // namespace berth::http::testing
