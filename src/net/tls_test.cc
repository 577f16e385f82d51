#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "base/encoding.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "net/certificate_testing.h"
#include "net/dial.h"
#include "net/listener.h"
#include "net/stream_pair_testing.h"
#include "net/tls_stream.h"

namespace berth::net {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using testing::Await;
using testing::Connected;
using ::testing::HasSubstr;
using testing::ReadAllText;
using testing::ReadText;
using testing::TestCertificate;
using testing::WriteText;

Task<void> HandshakeInto(ByteStream& stream, std::optional<Result<void>>& result) {
  result.emplace(co_await stream.Handshake());
}

Task<Result<Connected>> ConnectTls(Loop& loop, Listener& listener, const TlsClient& client,
                                   std::string name, std::vector<std::string> alpn,
                                   const Limits& limits) {
  auto plain = co_await ConnectTcp(loop, {"127.0.0.1", listener.port()}, limits);
  if (!plain) co_return std::move(plain).error();
  auto accepted = co_await listener.Accept();
  if (!accepted) co_return std::move(accepted).error();
  std::optional<Result<void>> handshake;
  TaskGroup group(loop);
  group.Spawn("handshake", HandshakeInto(**accepted, handshake));
  auto dialled =
      co_await client.Connect(std::move(*plain), std::move(name), std::move(alpn), limits);
  co_await group.WaitEmpty();
  if (!dialled) co_return std::move(dialled).error();
  if (!*handshake) co_return std::move(*handshake).error();
  Connected both;
  both.dialled = std::move(*dialled);
  both.accepted = std::move(*accepted);
  co_return both;
}

Task<Result<StreamPtr>> ConnectToPlainHttp(Loop& loop, Listener& listener, const TlsClient& client,
                                           const Limits& limits) {
  auto dialled = co_await ConnectTcp(loop, {"127.0.0.1", listener.port()}, limits);
  if (!dialled) co_return std::move(dialled).error();
  auto accepted = co_await listener.Accept();
  if (!accepted) co_return std::move(accepted).error();
  auto answered = co_await WriteText(**accepted, "HTTP/1.1 400 Bad Request\r\n\r\n");
  if (!answered) co_return std::move(answered).error();
  co_return co_await client.Connect(std::move(*dialled), "localhost", {}, limits);
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : authority_({.names = "", .is_authority = true, .common_name = "test authority"}) {
    authority_.Write(folder_.path(), "authority");
  }

  void Serve(TestCertificate::Options options) {
    if (options.issuer == nullptr) options.issuer = &authority_;
    TestCertificate(options).Write(folder_.path(), "hub");
    Start();
  }
  void Start() {
    auto server =
        TlsServer::Create({.certificate_file = Path("hub.crt"), .key_file = Path("hub.key")});
    ASSERT_THAT(server, IsOk());
    server_ = std::move(*server);
    auto listener = Listener::Create(loop_, {"127.0.0.1", 0}, server_.get(), limits_);
    ASSERT_THAT(listener, IsOk());
    listener_ = std::move(*listener);
  }
  std::string Path(const char* name) const { return (folder_.path() / name).string(); }

  Result<Connected> Connect(TlsClient::Options options, std::string name = "localhost",
                            std::vector<std::string> alpn = {}) {
    auto client = TlsClient::Create(std::move(options));
    if (!client) return std::move(client).error();
    return Await(
        loop_, ConnectTls(loop_, *listener_, **client, std::move(name), std::move(alpn), limits_));
  }
  TlsClient::Options Trusting() const { return {.authority_file = Path("authority.crt")}; }

  berth::testing::TempFolder folder_;
  TestCertificate authority_;
  Loop loop_;
  Limits limits_;
  std::unique_ptr<TlsServer> server_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(TlsTest, CarriesBytesBothWays) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  EXPECT_TRUE(both->accepted->peer().is_tls);
  EXPECT_EQ(both->accepted->peer().address, "127.0.0.1");
  EXPECT_EQ(both->accepted->peer().alpn, "");
  EXPECT_THAT(Await(loop_, WriteText(*both->dialled, "question")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*both->accepted, 8)), "question");
  EXPECT_THAT(Await(loop_, WriteText(*both->accepted, "answer")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*both->dialled, 6)), "answer");
}

TEST_F(TlsTest, WritesPiecesOfAllSizesInOrder) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  std::vector<std::string> texts = {"",
                                    "head",
                                    std::string(16 * 1024, 'a'),
                                    "",
                                    "x",
                                    std::string(50'000, 'b'),
                                    "y",
                                    std::string(16'383, 'c'),
                                    "zz",
                                    ""};
  for (int i = 0; i < 300; ++i) texts.push_back(std::string(static_cast<std::size_t>(i), 'd'));
  std::vector<Bytes> pieces;
  std::string all;
  for (const auto& text : texts) {
    pieces.push_back(AsBytes(text));
    all += text;
  }
  auto write = both->dialled->Write(pieces);
  write.Start();
  EXPECT_EQ(*Await(loop_, ReadText(*both->accepted, all.size())), all);
  EXPECT_TRUE(write.is_done());
}

TEST_F(TlsTest, CarriesMuchBothWaysAtOnce) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  EXPECT_TRUE(testing::CarriesMuchBothWays(loop_, *both->dialled, *both->accepted));
}

TEST_F(TlsTest, HalfCloseEndsOneDirectionOnly) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  EXPECT_THAT(Await(loop_, WriteText(*both->dialled, "last")), IsOk());
  EXPECT_THAT(Await(loop_, both->dialled->ShutdownWrite()), IsOk());
  EXPECT_EQ(*Await(loop_, ReadAllText(*both->accepted)), "last");
  EXPECT_THAT(Await(loop_, WriteText(*both->accepted, "answer")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*both->dialled, 6)), "answer");
}

TEST_F(TlsTest, AConnectionCutWithoutCloseNotifyReadsAsTheEnd) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  EXPECT_THAT(Await(loop_, WriteText(*both->dialled, "last")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*both->accepted, 4)), "last");
  both->dialled.reset();
  auto rest = Await(loop_, both->accepted->Read());
  // The ticket that the other end never read may turn its FIN into a reset.
  if (rest) {
    EXPECT_TRUE(rest->empty());
  } else {
    EXPECT_EQ(rest.error().kind, ErrorKind::kUnavailable);
  }
}

TEST_F(TlsTest, ADroppedReadLosesNothingAndCloseFailsOneThatWaits) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  {
    auto read = both->accepted->Read();
    read.Start();
    EXPECT_FALSE(read.is_done());
  }
  EXPECT_THAT(Await(loop_, WriteText(*both->dialled, "kept")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*both->accepted, 4)), "kept");
  auto read = both->accepted->Read();
  read.Start();
  both->accepted->Close();
  EXPECT_THAT(Await(loop_, std::move(read)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Await(loop_, WriteText(*both->accepted, "x")), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(TlsTest, APortWithoutTlsIsCalledThat) {
  auto plain = Listener::Create(loop_, {"127.0.0.1", 0}, nullptr, limits_);
  ASSERT_THAT(plain, IsOk());
  auto client = TlsClient::Create({});
  ASSERT_THAT(client, IsOk());
  auto stream = Await(loop_, ConnectToPlainHttp(loop_, **plain, **client, limits_));
  ASSERT_THAT(stream, FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(stream.error().message, HasSubstr("that port speaks no TLS"));
}

TEST_F(TlsTest, AWriteWithoutProgressTimesOut) {
  limits_.write_stall_timeout = 20ms;
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  EXPECT_THAT(Await(loop_, WriteText(*both->dialled, std::string(64 * 1024 * 1024, 'x'))),
              FailsWith(ErrorKind::kTimeout));
}

TEST_F(TlsTest, ChoosesTheProtocolByOurPreference) {
  Serve({});
  EXPECT_EQ(Connect(Trusting(), "localhost", {"http/1.1", "h2"})->accepted->peer().alpn, "h2");
  EXPECT_EQ(Connect(Trusting(), "localhost", {"http/1.1"})->dialled->peer().alpn, "http/1.1");
  EXPECT_THAT(Connect(Trusting(), "localhost", {"smtp"}), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(TlsTest, AcceptsTheCertificateForNamesAndAddresses) {
  Serve({.names = "DNS:hub.example.org,DNS:*.apps.example.org,DNS:b*.example.org,IP:192.0.2.1"});
  for (const char* name :
       {"hub.example.org", "hub.example.org.", "a.apps.example.org", "192.0.2.1"}) {
    EXPECT_THAT(Connect(Trusting(), name), IsOk()) << name;
  }
  for (const char* name : {"example.org", "a.b.apps.example.org", "192.0.2.2", "apps.example.org",
                           "box.example.org"}) {
    EXPECT_THAT(Connect(Trusting(), name), FailsWith(ErrorKind::kInvalid)) << name;
    EXPECT_FALSE(server_->IsFor(name)) << name;
  }
  for (const char* name : {"hub.example.org", "a.apps.example.org", "192.0.2.1"}) {
    EXPECT_TRUE(server_->IsFor(name)) << name;
  }
  Serve({.names = "", .common_name = "hub.example.org"});
  EXPECT_FALSE(server_->IsFor("hub.example.org")) << "browsers do not look at the common name";
}

TEST_F(TlsTest, SaysWhatIsWrongWithACertificate) {
  Serve({});
  EXPECT_THAT(Connect(Trusting(), "other.example.org").error().message, HasSubstr("another host"));
  EXPECT_THAT(Connect({}).error().message, HasSubstr("unknown authority"));
  Serve({.days_from_now = -1});
  EXPECT_THAT(Connect(Trusting()).error().message, HasSubstr("expired"));
  TestCertificate({}).Write(folder_.path(), "hub");
  Start();
  EXPECT_THAT(Connect(Trusting()).error().message, HasSubstr("self-signed"));
}

TEST_F(TlsTest, ACertificateInTheAuthorityFileIsTrustedWhoeverIssuedIt) {
  Serve({});
  EXPECT_THAT(Connect({.authority_file = Path("hub.crt")}), IsOk());
  EXPECT_THAT(Connect({.authority_file = Path("hub.crt")}, "other.example.org"),
              FailsWith(ErrorKind::kInvalid));
  Serve({});  // Another one of the same authority.
  TestCertificate({.issuer = &authority_}).Write(folder_.path(), "other");
  EXPECT_THAT(Connect({.authority_file = Path("other.crt")}), FailsWith(ErrorKind::kInvalid));
}

TEST_F(TlsTest, HandshakeMessagesWithoutEndEndTheConnection) {
  Serve({});
  auto both = Connect(Trusting());
  ASSERT_THAT(both, IsOk());
  SSL* const ssl = dynamic_cast<TlsStream&>(*both->dialled).ssl();
  const auto renew_keys = [ssl](int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
      ASSERT_EQ(SSL_do_handshake(ssl), 1);
    }
  };
  for (int round = 0; round < 3; ++round) {  // Data between them: a peer in order.
    renew_keys(10);
    EXPECT_THAT(Await(loop_, WriteText(*both->dialled, "data")), IsOk());
    EXPECT_EQ(*Await(loop_, ReadText(*both->accepted, 4)), "data");
  }
  renew_keys(100);
  EXPECT_THAT(Await(loop_, WriteText(*both->dialled, "data")), IsOk());
  EXPECT_THAT(Await(loop_, both->accepted->Read()), FailsWith(ErrorKind::kInvalid));
}

TEST_F(TlsTest, SaysWhatIsWrongWithItsFiles) {
  TestCertificate({}).Write(folder_.path(), "hub");
  TestCertificate({}).Write(folder_.path(), "other");
  std::ofstream(Path("empty")).flush();
  const auto why = [&](const char* certificate, const char* key) {
    auto made = TlsServer::Create({.certificate_file = Path(certificate), .key_file = Path(key)});
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(why("hub.crt", "hub.key"), "");
  EXPECT_THAT(why("hub.key", "hub.crt"), HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(why("empty", "hub.key"), HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(why("hub.crt", "hub.crt"), HasSubstr("no private key in PEM form"));
  EXPECT_THAT(why("hub.crt", "other.key"), HasSubstr("does not belong to the certificate"));
}

TEST_F(TlsTest, APinnedKeyStandsForEverythingElse) {
  Serve({.names = "DNS:elsewhere.example.org", .days_from_now = -1});
  EXPECT_THAT(Connect({.pinned_key = server_->KeyPin()}), IsOk());
  Sha256Digest other = server_->KeyPin();
  other[0] ^= std::byte{1};
  auto refused = Connect({.pinned_key = other});
  EXPECT_THAT(refused, FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(refused.error().message, HasSubstr("pinned"));
}

TEST_F(TlsTest, PinsAreReadAsHexOrBase64) {
  Serve({});
  const Sha256Digest pin = server_->KeyPin();
  const std::string hex = HexEncode(pin);
  for (const std::string& text : {hex, "sha256:" + hex, "sha256/" + Base64UrlEncode(pin) + "="}) {
    auto parsed = ParsePinnedKey(text);
    ASSERT_THAT(parsed, IsOk()) << text;
    EXPECT_EQ(*parsed, pin);
  }
  for (const std::string& text : {std::string(), hex.substr(2), hex + "00", std::string(64, 'g')}) {
    EXPECT_THAT(ParsePinnedKey(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

TEST_F(TlsTest, ReloadChangesTheCertificateAndAFailedOneKeepsIt) {
  Serve({});
  const Sha256Digest first = server_->KeyPin();
  auto old = Connect(Trusting());
  ASSERT_THAT(old, IsOk());
  TestCertificate({.issuer = &authority_}).Write(folder_.path(), "hub");
  ASSERT_THAT(server_->Reload(), IsOk());
  const Sha256Digest second = server_->KeyPin();
  EXPECT_NE(first, second);
  EXPECT_THAT(Connect({.pinned_key = second}), IsOk());
  EXPECT_THAT(Connect({.pinned_key = first}), FailsWith(ErrorKind::kInvalid));
  std::ofstream(Path("hub.crt")) << "broken";
  EXPECT_THAT(server_->Reload(), FailsWith(ErrorKind::kInvalid));
  std::filesystem::remove(Path("hub.key"));
  EXPECT_THAT(server_->Reload(), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(Connect({.pinned_key = second}), IsOk());
  // Connections from before go on.
  EXPECT_THAT(Await(loop_, WriteText(*old->dialled, "still")), IsOk());
  EXPECT_EQ(*Await(loop_, ReadText(*old->accepted, 5)), "still");
}

TEST_F(TlsTest, RefusesAKeyThatDoesNotFit) {
  Serve({});
  std::ofstream(Path("hub.key")) << TestCertificate({}).KeyPem();
  EXPECT_THAT(server_->Reload(), FailsWith(ErrorKind::kInvalid));
}

TEST_F(TlsTest, ASilentPeerHoldsUpNobodyAndIsDroppedInTime) {
  limits_.connect_timeout = 50ms;
  Serve({});
  auto silent = testing::Connect(loop_, *listener_, limits_);
  auto handshake = silent.accepted->Handshake();
  handshake.Start();
  EXPECT_THAT(Connect(Trusting()), IsOk());
  EXPECT_THAT(Await(loop_, std::move(handshake)), FailsWith(ErrorKind::kTimeout));
}

TEST_F(TlsTest, RefusesWhoeverDoesNotSpeakTls) {
  Serve({});
  auto both = testing::Connect(loop_, *listener_, limits_);
  EXPECT_THAT(Await(loop_, WriteText(*both.dialled, "GET / HTTP/1.1\r\n\r\n")), IsOk());
  EXPECT_THAT(Await(loop_, both.accepted->Handshake()), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::net
