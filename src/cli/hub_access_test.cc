// Which hub and token a command takes, and which instances its filters let through.
#include "cli/hub_access.h"

#include <gmock/gmock.h>

#include <map>

#include "base/private_file.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "cli/client_answers.h"
#include "terminal/known_hubs.h"

namespace berth::cli {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::TempFolder;
using ::testing::HasSubstr;

std::string TokenOf(char digit) { return "bt_0123456789abcdef_" + std::string(64, digit); }

struct HubAccessTest : ::testing::Test {
  TempFolder folder;
  std::map<std::string, std::string> variables{{"XDG_CONFIG_HOME", folder.path().string()}};
  Environment environment = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  HubAccess access;

  void Remember() {
    terminal::KnownHubs hubs{.current = "https://a.test"};
    hubs.tokens["https://a.test"] = Secret(TokenOf('a'));
    hubs.tokens["https://b.test"] = Secret(TokenOf('b'));
    ASSERT_THAT(terminal::WriteKnownHubs(*KnownHubsFile(environment), hubs), IsOk());
  }
  /// "URL TOKEN'S-LAST-DIGIT", or the complaint.
  std::string Found() {
    auto account = access.Find(environment);
    if (!account) return account.error().message;
    return account->url + ' ' + account->token.Reveal().back();
  }
};

TEST_F(HubAccessTest, WithNothingItSaysWhatToRun) {
  EXPECT_THAT(Found(), HasSubstr("berth login --hub URL"));
  access.hub = "https://hub.test/";
  EXPECT_THAT(Found(), HasSubstr("https://hub.test/settings/tokens"));
}

TEST_F(HubAccessTest, FlagsCountMoreThanTheEnvironmentAndThatMoreThanWhatIsRemembered) {
  Remember();
  EXPECT_EQ(Found(), "https://a.test a");
  variables["BERTH_HUB"] = "wss://b.test/ws/connect";
  EXPECT_EQ(Found(), "https://b.test b");
  variables["BERTH_API_TOKEN"] = TokenOf('c');
  EXPECT_EQ(Found(), "https://b.test c");
  access.hub = "https://C.test";
  EXPECT_EQ(Found(), "https://c.test c");
  const auto file = folder.path() / "token";
  ASSERT_THAT(WritePrivateFile(file, TokenOf('d') + "\n"), IsOk());
  access.token_file = file;
  EXPECT_EQ(Found(), "https://c.test d");
}

TEST_F(HubAccessTest, ARememberedTokenGoesToItsOwnHubOnly) {
  Remember();
  access.hub = "https://a.test:8443";
  EXPECT_THAT(Found(), HasSubstr("no API token for https://a.test:8443"));
}

TEST_F(HubAccessTest, ATokenFileIsForItsOwnerAlone) {
  access.hub = "https://a.test";
  access.token_file = folder.path() / "token";
  ASSERT_THAT(WritePrivateFile(access.token_file, TokenOf('d')), IsOk());
  std::filesystem::permissions(access.token_file, std::filesystem::perms(0640));
  EXPECT_THAT(access.Find(environment), FailsWith(ErrorKind::kForbidden));
}

TEST_F(HubAccessTest, AnAgentsTokenIsNamed) {
  access.hub = "https://a.test";
  variables["BERTH_API_TOKEN"] = "ao_0123456789abcdef_" + std::string(64, '0');
  EXPECT_THAT(Found(), HasSubstr("BERTH_API_TOKEN: that is an agent's token"));
}

constexpr std::string_view kList = R"({"type":"client_list","later":1,"clients":[
  {"id":"a","user_id":1,"metadata":{"hostname":"h","project":"p","status":"busy",
   "last_activity":"2025-01-01T00:00:00.000Z","callback_url":null,"state":"needs_you",
   "state_since":"2025-01-01T00:00:00.000Z","labels":{"team":"core"},"traffic":{"in":0,"out":0}},
   "connected_at":"2025-01-01T00:00:00.000Z","last_seen":"2025-01-01T00:00:00.000Z","later":{"x":1}}]})";

std::string Filtered(std::vector<std::string> states, std::vector<std::string> labels) {
  auto clients = ReadClients(kList);
  auto filter = MakeClientFilter(states, labels);
  if (!clients || !filter) return "error";
  return FilterJson(kList, *filter, *clients).value_or("error");
}

TEST(ClientFilterTest, LetsThroughWhatFitsAndKeepsWhatItDoesNotKnow) {
  const std::string none = R"({"type":"client_list","later":1,"clients":[]})";
  EXPECT_THAT(Filtered({}, {}), HasSubstr(R"("later":{"x":1})"));
  EXPECT_THAT(Filtered({"idle,needs-you"}, {"team"}), HasSubstr(R"("id":"a")"));
  EXPECT_EQ(Filtered({"idle"}, {}), none);
  EXPECT_THAT(Filtered({}, {"team=core"}), HasSubstr(R"("id":"a")"));
  EXPECT_EQ(Filtered({}, {"team=core", "os=linux"}), none);
  EXPECT_THAT(MakeClientFilter({"ilde"}, {}), FailsWith(ErrorKind::kInvalid));
}

TEST(ClientFilterTest, OtherAnswersAreNotUnderstood) {
  for (const std::string_view text : {"", "[]", "{}", R"({"type":"pong"})", "<html>"}) {
    EXPECT_THAT(ReadClients(text), FailsWith(ErrorKind::kInvalid)) << text;
    EXPECT_THAT(ReadClient(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

}  // namespace
}  // namespace berth::cli
