// Who is at the other end, over real sockets: of this process, and (as root) of another user.
#include "net/peer_owner.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/result_testing.h"
#include "net/socket_address.h"

namespace berth::net {
namespace {

using berth::testing::FailsWith;

constexpr uid_t kAnother = 12346;

/// Sockets that are made or accepted meanwhile are of `user`. Root alone may say so.
class As {
 public:
  explicit As(uid_t user) { setfsuid(user); }
  ~As() { setfsuid(geteuid()); }
  As(const As&) = delete;
  As& operator=(const As&) = delete;
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

SocketAddress AddressOf(int descriptor) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  EXPECT_EQ(getsockname(descriptor, address.get(), &address.size), 0);
  return address;
}

Descriptor ListenAt(const char* ip) {
  const auto address = SocketAddress::FromText(ip, 0);
  Descriptor listener(socket(address->family(), SOCK_STREAM, 0));
  EXPECT_EQ(bind(listener.get(), address->get(), address->size), 0);
  EXPECT_EQ(listen(listener.get(), 8), 0);
  return listener;
}

Descriptor ConnectTo(const char* ip, const Descriptor& listener) {
  const auto address = SocketAddress::FromText(ip, AddressOf(listener.get()).port());
  Descriptor connection(socket(address->family(), SOCK_STREAM, 0));
  EXPECT_EQ(connect(connection.get(), address->get(), address->size), 0);
  return connection;
}

Descriptor AcceptAt(const Descriptor& listener) {
  return Descriptor(accept(listener.get(), nullptr, nullptr));
}

std::optional<uid_t> OwnerAt(const Descriptor& connection) {
  const auto owner = PeerOwner(connection.get());
  EXPECT_TRUE(owner) << owner.error().ToString();
  return owner.value_or(std::nullopt);
}

bool HasIpv6() {
  const auto address = SocketAddress::FromText("::1", 0);
  const Descriptor listener(socket(AF_INET6, SOCK_STREAM, 0));
  return bind(listener.get(), address->get(), address->size) == 0;
}

TEST(PeerOwnerTest, IsWhoeverListensOrHasAccepted) {
  const std::pair<const char*, const char*> ways[] = {
      {"127.0.0.1", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"::1", "::1"}, {"::", "127.0.0.1"}};
  for (const auto& [at, dialled] : ways) {
    if (std::string_view(at).contains(':') && !HasIpv6()) continue;
    const Descriptor listener = ListenAt(at);
    const Descriptor connection = ConnectTo(dialled, listener);
    EXPECT_EQ(OwnerAt(connection), geteuid()) << at;
    const Descriptor accepted = AcceptAt(listener);
    EXPECT_EQ(OwnerAt(connection), geteuid()) << at;
  }
}

TEST(PeerOwnerTest, IsUnknownWhereTheOtherEndIsGone) {
  Descriptor listener = ListenAt("127.0.0.1");
  const Descriptor connection = ConnectTo("127.0.0.1", listener);
  {
    const Descriptor accepted = AcceptAt(listener);
  }
  listener = ListenAt("127.0.0.1");
  EXPECT_EQ(OwnerAt(connection), std::nullopt);
}

TEST(PeerOwnerTest, IsNotTakenForUnknownWhereItCannotBeAsked) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  const Descriptor listener = ListenAt("127.0.0.1");
  const Descriptor connection = ConnectTo("127.0.0.1", listener);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const auto owner = PeerOwner(connection.get());
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(owner, FailsWith(ErrorKind::kInternal));
}

struct PeerOwnerOfOthersTest : ::testing::Test {
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can pass for another user";
  }
};

TEST_F(PeerOwnerOfOthersTest, AConnectionThatWaitsIsOfWhoeverListens) {
  const As another(kAnother);
  const Descriptor listener = ListenAt("127.0.0.1");
  EXPECT_EQ(OwnerAt(ConnectTo("127.0.0.1", listener)), kAnother);
}

TEST_F(PeerOwnerOfOthersTest, WhoeverAcceptedItHoldsItAlsoOnceTheyListenNoMore) {
  const As another(kAnother);
  Descriptor listener = ListenAt("127.0.0.1");
  const Descriptor connection = ConnectTo("127.0.0.1", listener);
  const Descriptor accepted = AcceptAt(listener);
  listener = ListenAt("127.0.0.1");
  EXPECT_EQ(OwnerAt(connection), kAnother);
}

TEST_F(PeerOwnerOfOthersTest, WhatRootListensForIsRootsWhoeverAcceptsIt) {
  const Descriptor listener = ListenAt("127.0.0.1");
  const Descriptor connection = ConnectTo("127.0.0.1", listener);
  const As another(kAnother);
  const Descriptor accepted = AcceptAt(listener);
  EXPECT_EQ(OwnerAt(connection), 0U);
}

TEST_F(PeerOwnerOfOthersTest, WhoListensAtAnotherAddressOfThePortIsNobody) {
  const Descriptor listener = ListenAt("127.0.0.1");
  const As another(kAnother);
  SocketAddress elsewhere = *SocketAddress::FromText("127.0.0.2", AddressOf(listener.get()).port());
  const Descriptor neighbour(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(bind(neighbour.get(), elsewhere.get(), elsewhere.size), 0);
  ASSERT_EQ(listen(neighbour.get(), 8), 0);
  EXPECT_EQ(OwnerAt(ConnectTo("127.0.0.1", listener)), 0U);
  EXPECT_EQ(OwnerAt(ConnectTo("127.0.0.2", neighbour)), kAnother);
}

}  // namespace
}  // namespace berth::net
