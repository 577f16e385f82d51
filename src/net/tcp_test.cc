// TcpStream, TlsStream and Listener over real loopback sockets.
#include "net/tcp.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/result_testing.h"
#include "base/task_group.h"
#include "net/dial.h"
#include "net/listener.h"
#include "net/loop_testing.h"
#include "net/memory_pipe_testing.h"
#include "net/stream_pair_testing.h"

namespace berth::net {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using testing::Await;
using testing::Connected;
using testing::ReadAllText;
using testing::ReadText;
using testing::WriteText;

class TcpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listener = Listener::Create(loop_, {"127.0.0.1", 0}, nullptr, limits_);
    ASSERT_THAT(listener, IsOk());
    listener_ = std::move(*listener);
  }
  Connected Connect() { return testing::Connect(loop_, *listener_, limits_); }

  Loop loop_;
  Limits limits_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(TcpTest, CarriesBytesBothWaysAndKnowsItsPeer) {
  auto [dialled, accepted] = Connect();
  EXPECT_EQ(accepted->peer().address, "127.0.0.1");
  EXPECT_NE(accepted->peer().port, 0);
  EXPECT_FALSE(accepted->peer().is_tls);
  EXPECT_THAT(Await(loop_, accepted->Handshake()), IsOk());
  EXPECT_THAT(Await(loop_, WriteText(*dialled, "question")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*accepted, 8)), "question");
  EXPECT_THAT(Await(loop_, WriteText(*accepted, "answer")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*dialled, 6)), "answer");
}

TEST_F(TcpTest, WritesManyPiecesInOrder) {
  auto [dialled, accepted] = Connect();
  std::vector<std::string> texts;
  std::vector<Bytes> pieces;
  std::string all;
  for (int i = 0; i < 200; ++i) texts.push_back(i % 3 == 0 ? "" : std::to_string(i) + ",");
  for (const auto& text : texts) {
    pieces.push_back(AsBytes(text));
    all += text;
  }
  EXPECT_THAT(Await(loop_, dialled->Write(pieces)), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*accepted, all.size())), all);
}

TEST_F(TcpTest, CarriesMuchBothWaysAtOnce) {
  auto [dialled, accepted] = Connect();
  EXPECT_TRUE(testing::CarriesMuchBothWays(loop_, *dialled, *accepted));
}

TEST_F(TcpTest, HalfCloseEndsOneDirectionOnly) {
  auto [dialled, accepted] = Connect();
  EXPECT_THAT(Await(loop_, WriteText(*dialled, "last")), IsOk());
  EXPECT_THAT(Await(loop_, dialled->ShutdownWrite()), IsOk());
  EXPECT_EQ(*Await(loop_, ReadAllText(*accepted)), "last");
  EXPECT_EQ(*Await(loop_, ReadAllText(*accepted)), "");  // For good.
  EXPECT_THAT(Await(loop_, WriteText(*accepted, "answer")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*dialled, 6)), "answer");
}

TEST_F(TcpTest, ADroppedReadLosesNothing) {
  auto [dialled, accepted] = Connect();
  for (int i = 0; i < 3; ++i) {
    auto read = accepted->Read();
    read.Start();
    EXPECT_FALSE(read.is_done());
  }
  EXPECT_THAT(Await(loop_, WriteText(*dialled, "kept")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*accepted, 4)), "kept");
}

TEST_F(TcpTest, CloseFailsTheReadThatWaits) {
  auto [dialled, accepted] = Connect();
  auto read = accepted->Read();
  read.Start();
  accepted->Close();
  accepted->Close();
  EXPECT_THAT(Await(loop_, std::move(read)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Await(loop_, accepted->Read()), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Await(loop_, WriteText(*accepted, "x")), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Await(loop_, accepted->ShutdownWrite()), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(TcpTest, AWriteWithoutProgressTimesOut) {
  limits_.write_stall_timeout = 20ms;
  auto [dialled, accepted] = Connect();
  auto write = WriteText(*dialled, std::string(64 * 1024 * 1024, 'x'));
  EXPECT_THAT(Await(loop_, std::move(write)), FailsWith(ErrorKind::kTimeout));
}

TEST_F(TcpTest, ADroppedWriteTouchesNothingAfterwards) {
  auto [dialled, accepted] = Connect();
  {
    auto write = WriteText(*dialled, std::string(64 * 1024 * 1024, 'x'));
    write.Start();
    EXPECT_FALSE(write.is_done());
  }
  dialled.reset();
  auto rest = Await(loop_, ReadAllText(*accepted));  // What the kernel had taken.
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(rest->find_first_not_of('x'), std::string::npos);
}

TEST_F(TcpTest, ReportsAConnectionThatThePeerReset) {
  auto [dialled, accepted] = Connect();
  EXPECT_THAT(Await(loop_, WriteText(*accepted, "never read")), IsOk());
  auto read = dialled->Read();
  EXPECT_THAT(Await(loop_, std::move(read)), IsOk());
  EXPECT_THAT(Await(loop_, WriteText(*dialled, "unread")), IsOk());
  Await(loop_, testing::Pause(loop_, 5ms));
  accepted.reset();  // With unread bytes: the kernel sends RST.
  EXPECT_THAT(Await(loop_, dialled->Read()), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(TcpTest, NothingIsPacedWithinTheMachine) {
  auto [dialled, accepted] = Connect();
  const std::unique_ptr<Socket> socket =
      std::move(dynamic_cast<TcpStream&>(*accepted)).TakeSocket();
  char name[32] = {};
  socklen_t size = sizeof(name);
  ASSERT_EQ(getsockopt(socket->descriptor(), IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
  EXPECT_STREQ(name, "reno");
}

TEST_F(TcpTest, AnIdleConnectionHoldsNoBlock) {
  ReadBuffer buffer;
  auto room = buffer.Room();
  EXPECT_EQ(room.size(), kMostRead);
  room[0] = std::byte{7};
  auto view = buffer.Commit(1);
  EXPECT_EQ(view[0], std::byte{7});
  EXPECT_EQ(view.size(), 1u);
  EXPECT_EQ(buffer.Room().size(), kMostRead);
  EXPECT_EQ(buffer.Commit(3000).size(), 3000u);
  buffer.Release();
}

/// The descriptor that listens on that port; -1: there is none.
int ListeningOn(std::uint16_t port) {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    int listens = 0;
    socklen_t flag_size = sizeof(listens);
    const bool is_socket =
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag_size) == 0;
    if (is_socket && listens == 1 && ntohs(address.sin_port) == port) return descriptor;
  }
  return -1;
}

TEST_F(TcpTest, AListenerThatCannotAcceptForNoKnownReasonTriesAgainInAWhile) {
  const int listening = ListeningOn(listener_->port());
  ASSERT_GE(listening, 0);
  const int kept = dup(listening);
  const int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ASSERT_EQ(dup2(datagrams, listening), listening);
  auto accepting = listener_->Accept();
  accepting.Start();  // Comes back, rather than ask for ever.
  EXPECT_FALSE(accepting.is_done());
  ASSERT_EQ(dup2(kept, listening), listening);
  auto dialled = Await(loop_, ConnectTcp(loop_, {"127.0.0.1", listener_->port()}, limits_));
  EXPECT_THAT(dialled, IsOk());
  EXPECT_THAT(Await(loop_, std::move(accepting)), IsOk());
  close(datagrams);
  close(kept);
}

TEST(ListenerTest, ListensOnNamesAndOnAllAddresses) {
  Loop loop;
  const Limits limits;
  for (const char* host : {"localhost", "", "127.0.0.1"}) {
    auto listener = Listener::Create(loop, {host, 0}, nullptr, limits);
    ASSERT_THAT(listener, IsOk()) << host;
    ASSERT_NE((*listener)->port(), 0);
    auto [dialled, accepted] = testing::Connect(loop, **listener, limits);
    EXPECT_EQ(accepted->peer().address, "127.0.0.1") << host;
  }
}

TEST(ListenerTest, SaysWhenThePortIsTaken) {
  Loop loop;
  const Limits limits;
  auto first = Listener::Create(loop, {"127.0.0.1", 0}, nullptr, limits);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Listener::Create(loop, {"127.0.0.1", (*first)->port()}, nullptr, limits),
              FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(Listener::Create(loop, {"192.0.2.1", 0}, nullptr, limits),
              FailsWith(ErrorKind::kNotFound));
}

TEST(ListenerTest, LoopsMayShareAPort) {
  Loop loop;
  const Limits limits;
  auto first = Listener::Create(loop, {"127.0.0.1", 0}, nullptr, limits, PortSharing::kFirst);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Listener::Create(loop, {"127.0.0.1", (*first)->port()}, nullptr, limits,
                               PortSharing::kShared),
              IsOk());
}

TEST(ListenerTest, FirstOfManyNoticesThatThePortIsTaken) {
  Loop loop;
  const Limits limits;
  auto shared = Listener::Create(loop, {"127.0.0.1", 0}, nullptr, limits, PortSharing::kFirst);
  auto alone = Listener::Create(loop, {"127.0.0.1", 0}, nullptr, limits);
  ASSERT_THAT(shared, IsOk());
  ASSERT_THAT(alone, IsOk());
  for (const std::uint16_t port : {(*shared)->port(), (*alone)->port()}) {
    EXPECT_THAT(Listener::Create(loop, {"127.0.0.1", port}, nullptr, limits, PortSharing::kFirst),
                FailsWith(ErrorKind::kConflict));
  }
}

}  // namespace
}  // namespace berth::net
