#include "http/websocket.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using Options = WebSocketChannel::Options;

constexpr MaskKey kKey = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

// A peer's bytes, given by the test; ends or fails when told.
struct Feed {
  explicit Feed(Executor& executor) : changed(executor) {}
  void Send(std::string bytes) {
    pieces.push_back(std::move(bytes));
    changed.Set();
  }
  std::deque<std::string> pieces;
  bool is_finished = false;
  Event changed;
};

class FeedBody : public Body {
 public:
  explicit FeedBody(Feed& feed) : feed_(feed) {}
  Task<Result<MutableBytes>> Read() override {
    while (feed_.pieces.empty() && !feed_.is_finished) {
      feed_.changed.Reset();
      co_await feed_.changed.Wait();
    }
    if (feed_.pieces.empty()) co_return MutableBytes{};
    current_ = std::move(feed_.pieces.front());
    feed_.pieces.pop_front();
    co_return std::as_writable_bytes(std::span(current_));
  }

 private:
  Feed& feed_;
  std::string current_;
};

std::string Frame(WebSocketOpcode opcode, std::string_view payload,
                  std::optional<MaskKey> key = kKey) {
  std::string frame;
  AppendFrame(frame, opcode, payload, key);
  return frame;
}

class WebSocketTest : public ::testing::Test {
 protected:
  // Our end is the acceptor; the test is the peer, byte by byte.
  void Open(Options options = {}, WebSocketRole role = WebSocketRole::kAcceptor) {
    options.mask_key = [] { return kKey; };
    channel_ = std::make_unique<WebSocketChannel>(executor_, role,
                                                  std::make_unique<FeedBody>(feed_), options);
    outgoing_ = channel_->TakeOutgoing();
  }
  // The next piece that the transport would write; "(end)", "(waits)" or "(failed)".
  std::string Pull() {
    if (!read_) {
      read_ = outgoing_->Read();
      read_.Start();
    }
    executor_.RunUntilIdle();
    if (!read_.is_done()) return "(waits)";
    auto piece = read_.Take();
    read_.Reset();
    if (!piece) return "(failed)";
    return piece->empty() ? "(end)" : std::string(net::AsText(*piece));
  }
  Result<WebSocketEvent> Receive() { return executor_.Await(channel_->Receive()); }

  TestExecutor executor_;
  Feed feed_{executor_};
  std::unique_ptr<WebSocketChannel> channel_;
  BodyPtr outgoing_;
  Task<Result<MutableBytes>> read_;
};

TEST_F(WebSocketTest, ReceivesMessages) {
  Open();
  feed_.Send(Frame(WebSocketOpcode::kText, "one") + Frame(WebSocketOpcode::kBinary, "two"));
  auto one = Receive();
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->kind, WebSocketEvent::Kind::kText);
  EXPECT_EQ(one->text(), "one");
  auto two = Receive();
  ASSERT_THAT(two, IsOk());
  EXPECT_EQ(two->kind, WebSocketEvent::Kind::kBinary);
  EXPECT_EQ(two->text(), "two");
}

TEST_F(WebSocketTest, ClosesOnMoreThanAPeerMaySend) {
  using Counted = WebSocketChannel::Counted;
  constexpr auto kMost =
      static_cast<std::size_t>(WebSocketChannel::kPeerRate.burst) / WebSocketChannel::kLeastCounted;
  constexpr auto kASecond = static_cast<std::size_t>(WebSocketChannel::kPeerRate.per_second) /
                            WebSocketChannel::kLeastCounted;
  std::string begin, go_on, end;
  AppendFrame(begin, WebSocketOpcode::kText, "t", kKey, /*is_final=*/false);
  AppendFrame(go_on, WebSocketOpcode::kContinuation, "", kKey, /*is_final=*/false);
  AppendFrame(end, WebSocketOpcode::kContinuation, "last", kKey);
  struct Case {
    Counted counted;
    bool is_refused;
    std::string frame;
    std::string before = {};
    std::string after = Frame(WebSocketOpcode::kBinary, "last");
  };
  const Case cases[] = {
      {Counted::kIdleFrames, true, Frame(WebSocketOpcode::kPing, "")},
      {Counted::kIdleFrames, true, Frame(WebSocketOpcode::kPong, "x")},
      {Counted::kIdleFrames, true, go_on, begin, end},
      {Counted::kIdleFrames, true, Frame(WebSocketOpcode::kBinary, "")},
      {Counted::kAllButData, true, Frame(WebSocketOpcode::kText, "x")},
      {Counted::kIdleFrames, false, Frame(WebSocketOpcode::kText, "x")},
      {Counted::kAllButData, false, Frame(WebSocketOpcode::kBinary, "x")},
      {Counted::kNothing, false, Frame(WebSocketOpcode::kPing, "")},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(&one - cases);
    Open({.counted = one.counted});
    // Whether all of it was taken.
    const auto takes = [&](std::size_t count) {
      feed_.pieces.clear();
      std::string all = one.before;
      for (std::size_t i = 0; i < count; ++i) all += one.frame;
      feed_.Send(all + one.after);
      for (;;) {
        auto event = Receive();
        if (!event) EXPECT_THAT(event, FailsWith(ErrorKind::kTooLarge));
        if (!event || event->text().ends_with("last")) return event.has_value();
      }
    };
    EXPECT_TRUE(takes(kMost));
    executor_.Advance(1s);
    EXPECT_TRUE(takes(kASecond));
    executor_.Advance(1s);
    EXPECT_EQ(takes(kASecond + 1), !one.is_refused);
    if (!one.is_refused) continue;
    std::string sent;
    for (std::string piece; (piece = Pull()).front() != '(';) sent += piece;
    EXPECT_EQ(Pull(), "(end)");
    EXPECT_NE(sent.find("\x03\xF0more messages"), sent.npos) << "1008";
  }
}

TEST_F(WebSocketTest, FramesThatAreTooManyInOnePieceAreTooManyToo) {
  Open({.counted = WebSocketChannel::Counted::kIdleFrames});
  std::string all;
  AppendFrame(all, WebSocketOpcode::kText, "t", kKey, /*is_final=*/false);
  for (int i = 0; i < 6'000; ++i) {
    AppendFrame(all, WebSocketOpcode::kContinuation, "", kKey, /*is_final=*/false);
  }
  feed_.Send(std::move(all));
  EXPECT_THAT(Receive(), FailsWith(ErrorKind::kTooLarge));
}

TEST_F(WebSocketTest, ALargeMessageCountsByItsBytes) {
  Open({.counted = WebSocketChannel::Counted::kAllButData});
  const std::string mebibyte = Frame(WebSocketOpcode::kText, std::string(1024 * 1024, 'x'));
  for (int i = 0; i < 16; ++i) {
    feed_.Send(mebibyte);
    EXPECT_THAT(Receive(), IsOk());
  }
  feed_.Send(Frame(WebSocketOpcode::kText, "x"));
  EXPECT_THAT(Receive(), FailsWith(ErrorKind::kTooLarge));
}

TEST_F(WebSocketTest, SendsATurnAsOnePiece) {
  Open();
  EXPECT_EQ(Pull(), "(waits)");
  EXPECT_THAT(channel_->SendText("one"), IsOk());
  EXPECT_THAT(channel_->SendText("two"), IsOk());
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kText, "one", std::nullopt) +
                        Frame(WebSocketOpcode::kText, "two", std::nullopt));
  EXPECT_EQ(Pull(), "(waits)");
}

TEST_F(WebSocketTest, PutsBinaryPayloadBehindTextInOnePiece) {
  for (const std::size_t size : {1, 125, 126, 65535, 65536, 100'000}) {
    Feed quiet(executor_);
    Options options;
    options.piece = 200'000;
    options.mask_key = [] { return kKey; };
    WebSocketChannel channel(executor_, WebSocketRole::kDialer, std::make_unique<FeedBody>(quiet),
                             options);
    Event ready(executor_, WakeTime::kTurnEnd);
    std::string waiting(size, 'b');
    channel.SetBinarySource(
        [&](PayloadWriter& out, std::size_t limit) {
          EXPECT_EQ(limit, 200'000u);
          out.Append(std::exchange(waiting, {}));
        },
        ready);
    EXPECT_THAT(channel.SendText("text"), IsOk());
    auto outgoing = channel.TakeOutgoing();
    auto piece = executor_.Await(outgoing->Read());
    ASSERT_THAT(piece, IsOk());
    EXPECT_EQ(net::AsText(*piece), Frame(WebSocketOpcode::kText, "text") +
                                       Frame(WebSocketOpcode::kBinary, std::string(size, 'b')));
    channel.ClearBinarySource();
  }
}

TEST_F(WebSocketTest, AsksForBinaryOnlyWhenTheLastPieceWasTaken) {
  Open({.piece = 10});
  Event ready(executor_, WakeTime::kTurnEnd);
  std::string waiting;
  int asked = 0;
  channel_->SetBinarySource(
      [&](PayloadWriter& out, std::size_t limit) {
        ++asked;
        out.Append(waiting.substr(0, limit));
        waiting.erase(0, limit);
      },
      ready);
  EXPECT_EQ(Pull(), "(waits)");
  waiting = "0123456789abcdef";
  ready.Set();
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kBinary, "0123456789", std::nullopt));
  const int asked_then = asked;
  executor_.RunUntilIdle();
  EXPECT_EQ(asked, asked_then);
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kBinary, "abcdef", std::nullopt));
  EXPECT_EQ(Pull(), "(waits)");
  channel_->ClearBinarySource();
}

TEST_F(WebSocketTest, AnswersTheNewestPing) {
  Open();
  feed_.Send(Frame(WebSocketOpcode::kPing, "a") + Frame(WebSocketOpcode::kPing, "b") +
             Frame(WebSocketOpcode::kText, "x"));
  EXPECT_THAT(Receive(), IsOk());
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kPong, "b", std::nullopt));
}

TEST_F(WebSocketTest, TellsThatWhatItSentWasRead) {
  Open();
  int read = 0;
  channel_->OnPong([&] {
    if (++read < 3) channel_->Ping();
  });
  channel_->Ping();
  auto receiving = channel_->Receive();
  receiving.Start();
  for (const std::string number : {"1", "2", "3"}) {
    EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kPing, number, std::nullopt));
    feed_.Send(Frame(WebSocketOpcode::kPong, "another") + Frame(WebSocketOpcode::kPong, number));
    executor_.RunUntilIdle();
    EXPECT_EQ(std::to_string(read), number);
  }
  EXPECT_EQ(Pull(), "(waits)");
}

TEST_F(WebSocketTest, PingsAfterSilenceAndMeasuresTheAnswer) {
  Open({.ping_after = 10s, .ping_answer = 10s});
  auto receive = channel_->Receive();
  receive.Start();
  executor_.Advance(9'999ms);
  EXPECT_EQ(Pull(), "(waits)");
  executor_.Advance(1ms);
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kPing, "1", std::nullopt));
  executor_.Advance(30ms);
  feed_.Send(Frame(WebSocketOpcode::kPong, "1"));
  executor_.RunUntilIdle();
  EXPECT_EQ(channel_->latency(), 30ms);
  EXPECT_FALSE(receive.is_done());
  executor_.Advance(9'969ms);  // Due in 31 ms more, but rounded down to hundredths of the time.
  EXPECT_EQ(Pull(), "(waits)");
  executor_.Advance(1ms);
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kPing, "2", std::nullopt));
}

TEST_F(WebSocketTest, MeasuresAnswersWhereItIsNeverSilentToo) {
  Open({.ping_after = 10s, .ping_answer = 10s});
  int pings = 0;
  for (int second = 0; second < 100; ++second) {
    executor_.Advance(1s);
    feed_.Send(Frame(WebSocketOpcode::kText, "x"));
    EXPECT_THAT(Receive(), IsOk());
    if (Pull() == "(waits)") continue;
    ++pings;
    executor_.Advance(40ms);
    feed_.Send(Frame(WebSocketOpcode::kPong, std::to_string(pings)) +
               Frame(WebSocketOpcode::kText, "y"));
    EXPECT_THAT(Receive(), IsOk());
    EXPECT_GE(channel_->latency(), 40ms);  // Sent within the last second.
    EXPECT_LE(channel_->latency(), 1'040ms);
  }
  EXPECT_GE(pings, 3);
  EXPECT_LE(pings, 4);
}

TEST_F(WebSocketTest, IsDeadAfterTwentySecondsOfSilence) {
  Open({.ping_after = 10s, .ping_answer = 10s});
  auto receive = channel_->Receive();
  receive.Start();
  executor_.Advance(19'999ms);
  EXPECT_FALSE(receive.is_done());
  executor_.Advance(1ms);
  ASSERT_TRUE(receive.is_done());
  EXPECT_THAT(receive.Take(), FailsWith(ErrorKind::kTimeout));
  EXPECT_EQ(Pull(), "(failed)");
  EXPECT_THAT(channel_->SendText("late"), FailsWith(ErrorKind::kTimeout));
}

TEST_F(WebSocketTest, LivesAsLongAsBytesArrive) {
  Open({.ping_after = 10s, .ping_answer = 10s});
  auto receive = channel_->Receive();
  receive.Start();
  for (int i = 0; i < 20; ++i) {
    executor_.Advance(9s);
    feed_.Send(Frame(WebSocketOpcode::kPong, ""));
    executor_.RunUntilIdle();
  }
  // It was measured once, and lives without the answer to that.
  EXPECT_FALSE(receive.is_done());
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kPing, "1", std::nullopt));
}

TEST_F(WebSocketTest, AnswersTheClosingHandshake) {
  Open();
  feed_.Send(Frame(WebSocketOpcode::kClose, ClosePayload(1000, "bye")));
  auto event = Receive();
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->kind, WebSocketEvent::Kind::kClose);
  EXPECT_EQ(event->code, 1000);
  EXPECT_EQ(event->text(), "bye");
  EXPECT_THAT(channel_->SendText("late"), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kClose, ClosePayload(1000, ""), std::nullopt));
  EXPECT_EQ(Pull(), "(end)");
  EXPECT_THAT(Receive(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(WebSocketTest, ClosesAndDropsWhatArrivesMeanwhile) {
  Open();
  EXPECT_THAT(channel_->SendText("last"), IsOk());
  channel_->Close(1001, "going");
  channel_->Close(1000, "twice");
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kText, "last", std::nullopt) +
                        Frame(WebSocketOpcode::kClose, ClosePayload(1001, "going"), std::nullopt));
  feed_.Send(Frame(WebSocketOpcode::kText, "ignored") + Frame(WebSocketOpcode::kPing, "") +
             Frame(WebSocketOpcode::kClose, ""));
  auto event = Receive();
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->kind, WebSocketEvent::Kind::kClose);
  EXPECT_EQ(event->code, close_code::kNone);
  EXPECT_EQ(Pull(), "(end)");
}

TEST_F(WebSocketTest, DoesNotWaitForeverForThePeersCloseFrame) {
  Open({.close_timeout = 5s});
  channel_->Close(1000, "");
  auto receive = channel_->Receive();
  receive.Start();
  executor_.Advance(5s);
  ASSERT_TRUE(receive.is_done());
  EXPECT_THAT(receive.Take(), FailsWith(ErrorKind::kTimeout));
}

TEST_F(WebSocketTest, TellsAPeerThatBreaksTheProtocol) {
  Open();
  feed_.Send(Frame(WebSocketOpcode::kText, "\xFF"));
  EXPECT_THAT(Receive(), FailsWith(ErrorKind::kInvalid));
  const std::string frame = Pull();
  ASSERT_GT(frame.size(), 4u);
  EXPECT_EQ(frame.substr(0, 1), "\x88");
  EXPECT_EQ(frame.substr(2, 2), std::string("\x03\xEF"));  // 1007
  EXPECT_EQ(Pull(), "(end)");
  EXPECT_THAT(Receive(), FailsWith(ErrorKind::kInvalid));
}

TEST_F(WebSocketTest, BoundsWhatWaitsForAPeerThatDoesNotRead) {
  Open({.max_queued = 100});
  EXPECT_THAT(channel_->SendText(std::string(90, 'x')), IsOk());
  EXPECT_THAT(channel_->SendText(std::string(90, 'x')), FailsWith(ErrorKind::kTooLarge));
}

TEST_F(WebSocketTest, FailsWhenThePeerGoesWithoutClosing) {
  Open();
  feed_.is_finished = true;
  EXPECT_THAT(Receive(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(WebSocketTest, FailsWhenTheTransportLetsGo) {
  Open();
  auto receive = channel_->Receive();
  receive.Start();
  executor_.RunUntilIdle();
  outgoing_.reset();
  executor_.RunUntilIdle();
  ASSERT_TRUE(receive.is_done());
  EXPECT_THAT(receive.Take(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(WebSocketTest, SaysGoodbyeWhenItIsDestroyed) {
  Open();
  EXPECT_THAT(channel_->SendText("last"), IsOk());
  channel_.reset();
  EXPECT_EQ(Pull(), Frame(WebSocketOpcode::kText, "last", std::nullopt) +
                        Frame(WebSocketOpcode::kClose, ClosePayload(1001, ""), std::nullopt));
  EXPECT_EQ(Pull(), "(end)");
}

TEST_F(WebSocketTest, ADroppedReceiveLosesNothing) {
  Open();
  {
    auto receive = channel_->Receive();
    receive.Start();
    feed_.Send(Frame(WebSocketOpcode::kText, "kept").substr(0, 3));
    executor_.RunUntilIdle();
    EXPECT_FALSE(receive.is_done());
  }
  feed_.Send(Frame(WebSocketOpcode::kText, "kept").substr(3));
  auto event = Receive();
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->text(), "kept");
}

}  // namespace
}  // namespace berth::http
