#include "identity/sign_in_states.h"

#include <gtest/gtest.h>

#include "identity/oauth.h"

namespace berth::identity {
namespace {

struct SignInStatesTest : ::testing::Test {
  WallTime time = FromUnixMs(1'700'000'000'000);
  SignInStates states{std::chrono::minutes(10), [this] { return time; }, SystemRandom()};
};

TEST_F(SignInStatesTest, GivesBackWhatWasKeptOnceToItsBrowser) {
  const BegunSignIn begun = states.Begin("github", "/open");
  const auto pending = states.Take("github", begun.state, begun.browser.Reveal());
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->next, "/open");
  EXPECT_EQ(pending->nonce, begun.nonce);
  EXPECT_EQ(ChallengeOf(pending->verifier), begun.challenge);
  EXPECT_FALSE(states.Take("github", begun.state, begun.browser.Reveal()));
}

TEST_F(SignInStatesTest, RefusesOtherBrowsersProvidersAndTimes) {
  const BegunSignIn mine = states.Begin("github", "/");
  const BegunSignIn theirs = states.Begin("github", "/");
  EXPECT_FALSE(states.Take("github", theirs.state, mine.browser.Reveal()));
  EXPECT_FALSE(states.Take("github", theirs.state, theirs.browser.Reveal())) << "it is used up";
  EXPECT_FALSE(states.Take("oidc", mine.state, mine.browser.Reveal()));
  const BegunSignIn late = states.Begin("github", "/");
  time += std::chrono::minutes(10);
  EXPECT_FALSE(states.Take("github", late.state, late.browser.Reveal()));
}

TEST_F(SignInStatesTest, AWrongSecretUsesNothingUp) {
  const BegunSignIn begun = states.Begin("github", "/");
  for (std::string state : {std::string(), begun.state.substr(0, 16), begun.state + "A"}) {
    EXPECT_FALSE(states.Take("github", state, begun.browser.Reveal()));
  }
  std::string wrong = begun.state;
  wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(states.Take("github", wrong, begun.browser.Reveal()));
  EXPECT_TRUE(states.Take("github", begun.state, begun.browser.Reveal()));
}

TEST_F(SignInStatesTest, IsBounded) {
  const BegunSignIn first = states.Begin("github", "/");
  for (int i = 0; i < 5000; ++i) (void)states.Begin("github", "/");
  EXPECT_LE(states.size(), 4096u);
  EXPECT_FALSE(states.Take("github", first.state, first.browser.Reveal()));
  time += std::chrono::minutes(11);
  (void)states.Begin("github", "/");
  EXPECT_EQ(states.size(), 1u);
}

// RFC 7636, appendix B.
TEST(OAuthTest, ChallengeIsThatOfTheStandard) {
  EXPECT_EQ(ChallengeOf(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

}  // namespace
}  // namespace berth::identity
