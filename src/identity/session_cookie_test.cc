// Cookies: names, attributes, and which Cookie fields count.
#include "identity/session_cookie.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "identity/credential.h"

namespace berth::identity {
namespace {

constexpr std::string_view kValue = "0001020304050607.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

http::Fields Cookies(std::initializer_list<std::string> values) {
  http::Fields fields;
  for (const auto& value : values) fields.Add("cookie", value);
  return fields;
}

TEST(SessionCookieTest, UnderTlsItIsBoundToTheHost) {
  EXPECT_EQ(
      SetCookie(CookieKind::kHub, Scheme::kHttps, Secret("v"), FromUnixMs(0), FromUnixMs(60'001)),
      "__Host-berth_session=v; Max-Age=61; Path=/; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(ClearCookie(CookieKind::kInstance, Scheme::kHttps),
            "__Host-berth_instance=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure");
}

TEST(SessionCookieTest, WithoutTlsItHasNeitherPrefixNorSecure) {
  EXPECT_EQ(SetCookie(CookieKind::kHub, Scheme::kHttp, Secret("v"), FromUnixMs(0), FromUnixMs(0)),
            "berth_session=v; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
}

TEST(SessionCookieTest, EveryNameIsReserved) {
  for (const auto kind :
       {CookieKind::kHub, CookieKind::kInstance, CookieKind::kSignIn, CookieKind::kOwner}) {
    for (const auto scheme : {Scheme::kHttp, Scheme::kHttps}) {
      EXPECT_EQ(std::ranges::count(kReservedCookieNames, CookieName(kind, scheme)), 1);
    }
  }
}

TEST(SessionCookieTest, FindsItAmongOthers) {
  const auto fields = Cookies({"a=b; __Host-berth_session=" + std::string(kValue) + "; c=d"});
  EXPECT_EQ(PresentedCookie(fields, CookieKind::kHub, Scheme::kHttps), kValue);
  EXPECT_EQ(PresentedCookie(fields, CookieKind::kHub, Scheme::kHttp), std::nullopt);
  EXPECT_EQ(PresentedCookie(fields, CookieKind::kInstance, Scheme::kHttps), std::nullopt);
}

TEST(SessionCookieTest, APlantedSecondOneMakesBothVoid) {
  const std::string good = "berth_session=" + std::string(kValue);
  std::string planted = good;
  planted.back() = '0';
  EXPECT_FALSE(PresentedCookie(Cookies({good, planted}), CookieKind::kHub, Scheme::kHttp));
  EXPECT_FALSE(PresentedCookie(Cookies({planted + "; " + good}), CookieKind::kHub, Scheme::kHttp));
}

TEST(SessionCookieTest, RefusesValuesOfAnotherForm) {
  for (const std::string& bad : {std::string(), std::string("x"), "\"" + std::string(kValue) + "\"",
                                 std::string(kValue) + "0", std::string(5000, 'a')}) {
    EXPECT_FALSE(
        PresentedCookie(Cookies({"berth_session=" + bad}), CookieKind::kHub, Scheme::kHttp));
  }
}

}  // namespace
}  // namespace berth::identity
