#include "control/assertion.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/result_testing.h"

namespace berth::control {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'700'000'000;
constexpr WallTime kNow{seconds(kSecond)};

const Ed25519PrivateKey& Key() {
  static const auto key = Ed25519PrivateKey::From("0123456789abcdef0123456789abcdef").value();
  return key;
}

Assertion Octocat() {
  return {.key_id = Key().public_key().Id(),
          .audience = "laptop",
          .tunnel = "0011223344556677",
          .user_id = 7,
          .provider = "github",
          .subject = "583231",
          .login = "octocat",
          .name = "Mona \"L\" Öctocat",
          .groups = {"acme", "acme/platform"},
          .group_ids = {"7", "7/platform"},
          .role = Role::kOperator,
          .issued_at = kSecond - 15,
          .expires_at = kSecond + 45};
}

std::string Signed(std::string_view json, const Ed25519PrivateKey& key = Key()) {
  std::string text = Base64UrlEncode(std::as_bytes(std::span(json)));
  const auto signature = key.Sign(text);
  return text + "." + Base64UrlEncode(signature);
}

std::string JsonOf(std::string_view text) {
  const auto bytes = Base64UrlDecode(text.substr(0, text.find('.'))).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Assertion> Verify(std::string_view text, WallTime now = kNow) {
  return VerifyAssertion(text, {.audience = "laptop", .tunnel = "0011223344556677", .now = now},
                         [](std::string_view id) {
                           const auto& key = Key().public_key();
                           return id == key.Id() ? &key : nullptr;
                         });
}

TEST(AssertionTest, HasTheDocumentedForm) {
  const auto text = MakeAssertion(Octocat(), Key());
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(JsonOf(*text),
            R"({"v":1,"kid":")" + Key().public_key().Id() +
                R"(","aud":"laptop","tun":"0011223344556677","uid":7,"provider":"github",)"
                R"("sub":"583231","login":"octocat","name":"Mona \"L\" Öctocat",)"
                R"("groups":["acme","acme/platform"],"group_ids":["7","7/platform"],)"
                R"("role":"operator",)"
                R"("iat":1699999985,"exp":1700000045})");
  EXPECT_EQ(Signed(JsonOf(*text)), *text);
  EXPECT_EQ(Verify(*text).value(), Octocat());
}

TEST(AssertionTest, NoByteOfItCanBeChanged) {
  const std::string good = MakeAssertion(Octocat(), Key()).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char other : {'A', 'z', '_', '.', '=', ' ', '\0'}) {
      if (other == good[i]) continue;
      std::string changed = good;
      changed[i] = other;
      EXPECT_FALSE(Verify(changed)) << i << ' ' << other;
    }
  }
}

TEST(AssertionTest, NoPartOfItIsEnough) {
  const std::string good = MakeAssertion(Octocat(), Key()).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(Verify(good.substr(0, i))) << i;
    EXPECT_FALSE(Verify(good.substr(i + 1))) << i;
  }
  EXPECT_FALSE(Verify(good + "A"));
  EXPECT_FALSE(Verify(good + "="));
  EXPECT_FALSE(Verify(good + "." + good));
}

TEST(AssertionTest, NoFieldCanBeExchangedUnderTheSameSignature) {
  const std::string good = MakeAssertion(Octocat(), Key()).value();
  const std::string signature = good.substr(good.find('.'));
  const std::string json = JsonOf(good);
  for (const auto& [from, to] :
       {std::pair(R"("v":1)", R"("v":2)"), std::pair(R"("aud":"laptop")", R"("aud":"desktop")"),
        std::pair(R"("tun":"00)", R"("tun":"01)"), std::pair(R"("uid":7)", R"("uid":1)"),
        std::pair("github", "local"), std::pair("583231", "583232"),
        std::pair(R"("octocat")", R"("mallory")"), std::pair("Mona", "Nona"),
        std::pair(R"(["acme",)", R"(["evil",)"), std::pair("operator", "owner"),
        std::pair("1699999985", "1699999986"), std::pair("1700000045", "1700000044")}) {
    std::string changed = json;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, std::string_view(from).size(), to);
    EXPECT_FALSE(Verify(Base64UrlEncode(std::as_bytes(std::span(changed))) + signature)) << from;
  }
}

TEST(AssertionTest, IsOfOneInstanceTunnelAndKey) {
  Assertion other = Octocat();
  other.audience = "desktop";
  EXPECT_THAT(Verify(MakeAssertion(other, Key()).value()), FailsWith(ErrorKind::kForbidden));
  other = Octocat();
  other.tunnel = "other";
  EXPECT_THAT(Verify(MakeAssertion(other, Key()).value()), FailsWith(ErrorKind::kForbidden));
  const auto stranger = Ed25519PrivateKey::Generate(SystemRandom());
  EXPECT_THAT(Verify(MakeAssertion(Octocat(), stranger).value()),
              FailsWith(ErrorKind::kUnauthorized));  // Under the name of our key.
  other = Octocat();
  other.key_id = stranger.public_key().Id();
  EXPECT_THAT(Verify(MakeAssertion(other, stranger).value()), FailsWith(ErrorKind::kUnauthorized));
  const std::string good = MakeAssertion(Octocat(), Key()).value();
  EXPECT_THAT(VerifyAssertion(good, {.audience = "laptop", .tunnel = "", .now = kNow},
                              [](std::string_view) { return &Key().public_key(); }),
              FailsWith(ErrorKind::kForbidden));
  // Where there is no tunnel yet, not even one for no tunnel counts.
  std::string for_none = JsonOf(good);
  for_none.replace(for_none.find(other.tunnel), other.tunnel.size(), "");
  EXPECT_THAT(VerifyAssertion(Signed(for_none), {.audience = "laptop", .tunnel = "", .now = kNow},
                              [](std::string_view) { return &Key().public_key(); }),
              FailsWith(ErrorKind::kForbidden));
}

TEST(AssertionTest, HoldsForItsTimeOnly) {
  const std::string good = MakeAssertion(Octocat(), Key()).value();
  EXPECT_THAT(Verify(good, kNow - seconds(21)), FailsWith(ErrorKind::kTimeout));
  EXPECT_THAT(Verify(good, kNow - seconds(20)), IsOk());
  EXPECT_THAT(Verify(good, kNow + seconds(44)), IsOk());
  EXPECT_THAT(Verify(good, kNow + seconds(45)), FailsWith(ErrorKind::kTimeout));
  struct Times {
    std::int64_t issued, expires;
  };
  constexpr std::int64_t kFar = INT64_MAX;
  for (const auto& [issued, expires] :
       {Times{kSecond, kSecond + 61}, Times{kSecond, kSecond}, Times{kSecond + 1, kSecond},
        Times{kSecond + 5, kSecond + 3}, Times{0, kFar}, Times{-kFar, kSecond}, Times{kFar, -kFar},
        Times{-kFar, kFar}, Times{-1, 59}, Times{kFar - 60, kFar}}) {
    Assertion odd = Octocat();
    odd.issued_at = issued;
    odd.expires_at = expires;
    EXPECT_FALSE(Verify(MakeAssertion(odd, Key()).value())) << issued << ' ' << expires;
  }
}

TEST(AssertionTest, RefusesWhatIsSignedButMalformed) {
  const std::string json = JsonOf(MakeAssertion(Octocat(), Key()).value());
  ASSERT_THAT(Verify(Signed(json)), IsOk());
  // Each required field left out, or of another type.
  for (const char* name :
       {"v", "kid", "aud", "tun", "uid", "provider", "sub", "role", "iat", "exp"}) {
    const std::string quoted = fmt::format("\"{}\":", name);
    std::string without = json;
    without.replace(without.find(quoted), quoted.size(), "\"x\":");
    EXPECT_FALSE(Verify(Signed(without))) << name;
    std::string odd = json;
    odd.insert(odd.find(quoted) + quoted.size(), "[true],\"x\":");
    EXPECT_FALSE(Verify(Signed(odd))) << name;
  }
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), "[" + json + "]", json + json,
        json.substr(1), R"({"v":1,)" + json.substr(1), json.substr(0, json.size() - 1),
        std::string(json).replace(json.find("octocat"), 1, "\xff"),
        std::string(json).replace(json.find("operator"), 8, "admin"),
        std::string(json).replace(json.find("\"v\":1"), 5, "\"v\":2"),
        std::string(json).replace(json.find("\"iat\":"), 6, "\"iat\":0."),
        std::string(json).replace(json.find("583231"), 6, std::string(257, '5'))}) {
    EXPECT_FALSE(Verify(Signed(text))) << text;
  }
  EXPECT_THAT(Verify(Signed(std::string(kMaxAssertion, ' ') + json)),
              FailsWith(ErrorKind::kInvalid));
}

TEST(AssertionTest, IsMadeOnlyOfWhatFits) {
  for (auto field : {&Assertion::key_id, &Assertion::audience, &Assertion::tunnel,
                     &Assertion::provider, &Assertion::subject, &Assertion::login}) {
    Assertion odd = Octocat();
    odd.*field = std::string(257, 'a');
    EXPECT_THAT(MakeAssertion(odd, Key()), FailsWith(ErrorKind::kInvalid));
    odd.*field = "\xff";
    EXPECT_THAT(MakeAssertion(odd, Key()), FailsWith(ErrorKind::kInvalid));
    odd.*field = "";
    EXPECT_EQ(MakeAssertion(odd, Key()).has_value(), field == &Assertion::login);
  }
}

TEST(AssertionTest, LeavesOutGroupsThatDoNotFit) {
  Assertion member = Octocat();
  member.name = std::string(300, 'n');
  member.groups.clear();
  member.group_ids.clear();
  for (int i = 0; i < 1000; ++i) {
    member.groups.push_back(fmt::format("acme/team-of-number-{}", i));
    member.group_ids.push_back(fmt::format("7/team-of-number-{}", i));
  }
  const auto text = MakeAssertion(member, Key());
  ASSERT_THAT(text, IsOk());
  EXPECT_LE(text->size(), kMaxAssertion);
  const auto read = Verify(*text);
  ASSERT_THAT(read, IsOk());
  EXPECT_GT(read->groups.size(), 200U);
  EXPECT_TRUE(
      std::ranges::equal(read->groups, std::span(member.groups).first(read->groups.size())));
  EXPECT_EQ(read->name.size(), 256U);
  EXPECT_EQ(read->subject, member.subject);
}

TEST(AssertionTest, IsNoEndorsement) {
  const auto newer = Ed25519PrivateKey::Generate(SystemRandom()).public_key();
  EXPECT_EQ(EndorsementText(newer), "berth-hub-key:1:" + newer.Text());
  const auto signature = Key().Sign(EndorsementText(newer));
  EXPECT_FALSE(Verify(EndorsementText(newer) + "." + Base64UrlEncode(signature)));
}

}  // namespace
}  // namespace berth::control
