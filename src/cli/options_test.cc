// Options: which source counts, what each value may be, and what a mistake is told.
#include "cli/options.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "agent/enrolled_token.h"
#include "cli/options_testing.h"

namespace berth::cli {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::OptionsTest;
using ::testing::Pair;

constexpr const char* kToken =
    "ao_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST_F(OptionsTest, ThreadsAreANumberWithinItsBounds) {
  EXPECT_EQ(Hub()->threads, 1u);
  EXPECT_EQ(Hub({"--threads", "64"})->threads, 64u);
  for (const char* bad : {"0", "65", "-1", "2x", "", "two"}) {
    EXPECT_THAT(Hub({"--threads", bad}), FailsWith(ErrorKind::kInvalid)) << bad;
  }
  file = "threads = 3";
  EXPECT_EQ(Hub()->threads, 3u);
  variables["BERTH_THREADS"] = "2";
  EXPECT_EQ(Hub()->threads, 2u);
}

TEST_F(OptionsTest, WithoutAnythingTheDefaultsCount) {
  const auto options = Hub().value();
  EXPECT_EQ(options.listen, "127.0.0.1:8787");
  EXPECT_TRUE(options.path_mode);
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
}

TEST_F(OptionsTest, TheHelpNamesTheFurtherVariable) {
  agent::AgentOptions options;
  Settings settings(AgentSettings(options));
  CLI::App command;
  settings.AddFlags(command);
  EXPECT_THAT(command.get_option("--protocol")->get_description(),
              EndsWith("; also ORCHESTRATOR_PROTOCOL"));
  EXPECT_EQ(command.get_option("--hub")->get_description(), "The hub; also ORCHESTRATOR_URL");
}

TEST_F(OptionsTest, FileThenEnvironmentThenFlag) {
  file = "listen = \":1\"\n";
  EXPECT_EQ(Hub().value().listen, ":1");
  variables["BERTH_LISTEN"] = ":2";
  EXPECT_EQ(Hub().value().listen, ":2");
  EXPECT_EQ(Hub({"--listen", ":3"}).value().listen, ":3");
}

TEST_F(OptionsTest, AnEmptyVariableIsNone) {
  variables["BERTH_LISTEN"] = "";
  EXPECT_EQ(Hub().value().listen, "127.0.0.1:8787");
}

TEST_F(OptionsTest, AWeakerSourcesValueIsNotEvenLookedAt) {
  file = "listen = \"nonsense\"\n";
  variables["BERTH_LISTEN"] = "more nonsense";
  EXPECT_EQ(Hub({"--listen", ":3"}).value().listen, ":3");
}

TEST_F(OptionsTest, ReadsAWholeFile) {
  file =
      "public_url = \"HTTPS://Hub.Example.org/\"\n"
      "apps_domain = \"Apps.example.org\"\n"
      "data = \"/srv/berth\"\n"
      "tls_cert = \"c\"\ntls_key = \"k\"\npath_mode = false\nlog_level = \"debug\"\n"
      "[limits]\nping_after = \"3s\"\n";
  const auto options = Hub().value();
  EXPECT_EQ(options.public_url, "https://hub.example.org");
  EXPECT_EQ(options.apps_domain, "apps.example.org");
  EXPECT_EQ(options.data, "/srv/berth");
  EXPECT_EQ(options.tls_key, "k");
  EXPECT_FALSE(options.path_mode);
  EXPECT_EQ(options.log_level, LogLevel::kDebug);
  EXPECT_EQ(options.limits.ping_after, std::chrono::seconds(3));
}

TEST_F(OptionsTest, TheFileMayBeNamedInTheEnvironment) {
  variables["BERTH_CONFIG"] = Write("other.toml", "listen = \":9\"");
  EXPECT_EQ(Hub().value().listen, ":9");
}

TEST_F(OptionsTest, MistakesInTheFileAreToldWithLineAndNearestName) {
  struct {
    const char* text;
    const char* message;
  } const cases[] = {
      {"\nlisten = \":1\"\nlisen = 2",
       "berth.toml:3: unknown key \"lisen\"; did you mean \"listen\"?"},
      {"public-url = \"x\"",
       "berth.toml:1: unknown key \"public-url\"; did you mean \"public_url\"?"},
      {"[limit]\nping_after = 1",
       "berth.toml:2: unknown table \"limit\"; did you mean \"limits\"?"},
      {"listen = [\":1\"]", "berth.toml:1: listen: expected one value"},
      {"log_level = \"loud\"", "berth.toml:1: log_level: \"loud\" is not one of"},
      {"[limits]\nping = 1", "berth.toml:2: unknown limit \"ping\""},
      {"listen = ", "berth.toml:1: "},
      {"[limits]\nping_after = 1\npath_mode = false",
       "berth.toml:3: \"path_mode\" is no limit: move it above the line [limits]"},
      {"limits = 3", "berth.toml:1: limits stand in a table, below a line [limits]"},
  };
  for (const auto& [text, message] : cases) {
    file = text;
    const auto options = Hub();
    ASSERT_THAT(options, FailsWith(ErrorKind::kInvalid)) << text;
    EXPECT_THAT(options.error().message, HasSubstr(message));
  }
  file.clear();
  EXPECT_THAT(Hub({"--config", "/does/not/exist"}), FailsWith(ErrorKind::kNotFound));
  variables["BERTH_CONFIG"] = Write("other.toml", "listen = \":9\"");
  EXPECT_EQ(Hub({"--config", ""}).error().message, "--config: must not be empty");
}

TEST_F(OptionsTest, MistakesElsewhereNameTheirPlace) {
  EXPECT_THAT(Hub({"--path-mode", "maybe"}).error().message,
              HasSubstr("--path-mode: \"maybe\" is neither on nor off"));
  variables["BERTH_LOG_LEVEL"] = "loud";
  EXPECT_THAT(Hub().error().message, HasSubstr("BERTH_LOG_LEVEL: "));
}

TEST_F(OptionsTest, RefusesWrongValues) {
  const std::pair<const char*, const char*> cases[] = {
      {"--listen", "80:80:80"},
      {"--listen", "x:99999"},
      {"--public-url", "hub.example"},
      {"--public-url", "ftp://hub"},
      {"--public-url", "https://a/b"},
      {"--public-url", "https://a?b"},
      {"--public-url", "https://"},
      {"--public-url", "https://user@host"},
      {"--apps-domain", "127.0.0.1"},
      {"--apps-domain", "a b"},
      {"--data", ""},
  };
  for (const auto& [flag, value] : cases) {
    EXPECT_THAT(Hub({flag, value}), FailsWith(ErrorKind::kInvalid)) << flag << " " << value;
  }
}

TEST_F(OptionsTest, SaysWhatIsWrongWithAnAddress) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"--listen", "8787", "write 127.0.0.1:8787"},
      {"--apps-domain", "*.apps.example.org", "leave out the *."},
      {"--apps-domain", "http://x", "\"http://x\" is no domain; write apps.example.org"},
      {"--apps-domain", "foo bar", "is no domain"},
      {"--apps-domain", "-x-", "is no domain"},
      {"--apps-domain", "apps..org:80", "is no domain"},
      {"--apps-domain", ":8080", "is no domain"},
      {"--apps-domain", "*:443", "is no domain"},
      {"--apps-domain", "apps.example.org:99999", "the port is not a number below 65536"},
      {"--public-url", "hub", "\"hub\" is no URL; write https://hub.example.org"},
      {"--github-url", "x", "\"x\" is no URL; write https://github.example.org"},
      {"--oidc-issuer", "x", "\"x\" is no URL; write https://login.example.org"},
      {"--public-url", "https://hub:99999", "\"hub:99999\": the port is not a number below 65536"},
      {"--public-url", "https://user:pw@hub", "has a user or a password"},
      {"--public-url", "https://", "the host is missing"},
      {"--public-url", "https://::1", "an IPv6 address without brackets; write https://hub"},
  };
  for (const auto& [flag, value, why] : cases) {
    const auto options = Hub({flag, value});
    ASSERT_THAT(options, FailsWith(ErrorKind::kInvalid)) << flag << " " << value;
    EXPECT_THAT(options.error().message, HasSubstr(why));
  }
  EXPECT_EQ(Agent({"--hub", "HTTPS://Hub"}).value().hub_url, "https://hub");
}

TEST_F(OptionsTest, ASecondFlagOfTheSameNameIsRefusedUnlessItIsAList) {
  EXPECT_THAT(Hub({"--listen", ":1", "--listen", ":2"}), FailsWith(ErrorKind::kInvalid));
  const auto options = Agent({"--label", "a=1", "--label", "b=x=y"});
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->labels, ElementsAre(Pair("a", "1"), Pair("b", "x=y")));
}

TEST_F(OptionsTest, UnderstandsTheVariablesOfExistingInstances) {
  variables = {{"ORCHESTRATOR_URL", "wss://orchestrator.example.com/ws/connect"},
               {"ORCHESTRATOR_TOKEN", kToken},
               {"ORCHESTRATOR_CLIENT_ID", "my-dev-machine"},
               {"ORCHESTRATOR_RECONNECT_INTERVAL", "5000"},
               {"ORCHESTRATOR_HEARTBEAT_INTERVAL", "30000"},
               {"ORCHESTRATOR_GITHUB_ORG", "your-org"},
               {"ORCHESTRATOR_GITHUB_TEAM", "your-org/your-team"},
               {"ORCHESTRATOR_GITHUB_USERS", "user1, user2"}};
  const auto options = Agent();
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->hub_url, "https://orchestrator.example.com");
  EXPECT_EQ(options->token.Reveal(), kToken);
  EXPECT_EQ(options->client_id, "my-dev-machine");
  EXPECT_EQ(options->reconnect_interval, std::chrono::seconds(5));
  EXPECT_EQ(options->heartbeat_interval, std::chrono::seconds(30));
  EXPECT_THAT(options->allowed_orgs, ElementsAre("your-org"));
  EXPECT_THAT(options->allowed_teams, ElementsAre("your-org/your-team"));
  EXPECT_THAT(options->allowed_users, ElementsAre("user1", "user2"));
}

TEST_F(OptionsTest, AnEntryThatIsNoTeamIsRefused) {
  variables = {{"ORCHESTRATOR_GITHUB_TEAM", "your-org/your-team,foo"}};
  EXPECT_EQ(Agent().error().message,
            "ORCHESTRATOR_GITHUB_TEAM: \"foo\" is no team; write org/team-slug");
  variables = {{"ORCHESTRATOR_GITHUB_TEAM", "99/your-team"}};
  EXPECT_THAT(Agent().value().allowed_teams, ElementsAre("99/your-team"));
}

TEST_F(OptionsTest, AListThatNamesNobodyIsRefused) {
  for (const char* name :
       {"ORCHESTRATOR_GITHUB_USERS", "ORCHESTRATOR_GITHUB_ORG", "ORCHESTRATOR_GITHUB_TEAM"}) {
    for (const char* text : {",", " ", " , "}) {
      variables = {{name, text}};
      EXPECT_EQ(Agent().error().message,
                fmt::format("{}: names nothing; name somebody, or leave it out", name));
    }
  }
  variables.clear();
  for (const char* text : {"[]", "\"\"", "\",\"", "[\"\", \"ada\"]"}) {
    file = fmt::format("github_users = {}\n", text);
    EXPECT_THAT(Agent(), FailsWith(ErrorKind::kInvalid)) << text;
  }
  file = "github_users = [\"ada\"]\n";
  EXPECT_THAT(Agent().value().allowed_users, ElementsAre("ada"));
}

TEST_F(OptionsTest, OurOwnVariablesCountMore) {
  variables = {{"ORCHESTRATOR_URL", "wss://old"}, {"BERTH_HUB", "https://new"}};
  EXPECT_EQ(Agent().value().hub_url, "https://new");
}

TEST_F(OptionsTest, TheTokenComesFromTheStrongerSource) {
  const std::string first = Write("first", std::string(kToken) + "\n");
  file = "token_file = \"" + first + "\"\n";
  EXPECT_EQ(Agent().value().token.Reveal(), kToken);
  variables["ORCHESTRATOR_TOKEN"] = "from-environment";
  EXPECT_EQ(Agent().value().token.Reveal(), "from-environment");
  EXPECT_EQ(Agent({"--token-file", Write("second", "  from-flag\n")}).value().token.Reveal(),
            "from-flag");
}

TEST_F(OptionsTest, WhereTheTokenCameFromIsKnown) {
  using agent::TokenSource;
  const std::string path = Write("token", kToken);
  file = "token_file = \"" + path + "\"\n";
  auto options = Agent();
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->token_source.kind, TokenSource::Kind::kFile);
  EXPECT_EQ(options->token_source.file, path);
  variables["ORCHESTRATOR_TOKEN"] = "from-environment";
  options = Agent();
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->token_source.kind, TokenSource::Kind::kGiven);
  EXPECT_TRUE(options->token_source.file.empty());

  const agent::EnrolledAs as{.state = folder.path(), .hub_url = "https://hub", .client_id = "desk"};
  ASSERT_THAT(agent::KeepEnrolledToken(as, Secret(kToken)), IsOk());
  agent::AgentOptions enrolled;
  enrolled.hub_url = as.hub_url;
  ASSERT_THAT(FinishAgentOptions(enrolled, "mac", folder.path()), IsOk());
  EXPECT_EQ(enrolled.token_source.kind, TokenSource::Kind::kEnrolled);
  EXPECT_EQ(enrolled.token_source.file, agent::EnrolledTokenFile(as));
}

TEST_F(OptionsTest, ATokenIsNoFlagAndNoKeyAndNeverInAMessage) {
  EXPECT_THAT(Agent({"--token", kToken}), FailsWith(ErrorKind::kInvalid));
  variables["ORCHESTRATOR_TOKEN"] = "with space";
  EXPECT_THAT(Agent().error().message, ::testing::Not(HasSubstr("with space")));
  variables.clear();
  file = "token = \"x\"\n";
  EXPECT_THAT(Agent(), FailsWith(ErrorKind::kInvalid));
}

TEST_F(OptionsTest, RefusesWrongAgentValues) {
  const std::pair<const char*, std::string> cases[] = {
      {"--hub", "hub"},
      {"--hub", "ftp://hub"},
      {"--hub", "ws://"},
      {"--hub", std::string("wss://hub/ws/connect?token=") + kToken},
      {"--id", "My Machine"},
      {"--id", "-x"},
      {"--id", ""},
      {"--id", std::string(64, 'x')},
      {"--adapter", "claude"},
      {"--create-user", "perhaps"},
      {"--label", "=x"},
      {"--label", "x"},
      {"--token-file", "/no"},
      {"--token-file", Write("empty", " \n")},
      {"--instance", "3001"},
      {"--hub-pin", "sha256/abc"},
      {"--hub-ca", ""},
      {"--hub-ca", Write("empty.pem", "")},
      {"--instance", "http://a/b"},
      {"--instance-user", "no such user"},
      {"--instance-user", "-1"},
      {"--instance-user", ""},
  };
  for (const auto& [flag, value] : cases) {
    EXPECT_THAT(Agent({flag, value}), FailsWith(ErrorKind::kInvalid)) << flag << " " << value;
  }
  EXPECT_EQ(Agent({"--instance", "localhost:3001"}).error().message,
            "--instance: \"localhost:3001\" is no URL; write http://127.0.0.1:3001");
}

TEST_F(OptionsTest, WhetherToMakeAFirstAccountIsASwitch) {
  EXPECT_TRUE(Agent().value().create_user);
  for (const char* text : {"on", "true", "auto"}) {
    EXPECT_TRUE(Agent({"--create-user", text}).value().create_user) << text;
  }
  EXPECT_FALSE(Agent({"--create-user", "off"}).value().create_user);
  file = "create_user = \"auto\"\n";
  EXPECT_TRUE(Agent().value().create_user);
}

TEST_F(OptionsTest, WhoRunsTheInstanceHasANameOrANumber) {
  EXPECT_EQ(Agent().value().instance_user, std::nullopt);
  EXPECT_EQ(Agent({"--instance-user", "root"}).value().instance_user, 0U);
  EXPECT_EQ(Agent({"--instance-user", "1001"}).value().instance_user, 1001U);
  file = "instance_user = \"1002\"\n";
  EXPECT_EQ(Agent().value().instance_user, 1002U);
}

TEST_F(OptionsTest, RefusesAnIdWithAnotherOneThatWorks) {
  EXPECT_THAT(Agent({"--id", "My_Machine"}).error().message, HasSubstr("\"my-machine\"?"));
}

TEST_F(OptionsTest, HubUrlsHaveOneForm) {
  EXPECT_EQ(NormalizeHubUrl("ws://h:8787/ws/connect").value(), "http://h:8787");
  EXPECT_EQ(NormalizeHubUrl("https://H.example/").value(), "https://h.example");
  EXPECT_EQ(NormalizeHubUrl("wss://h/berth/ws/connect/").value(), "https://h/berth");
  EXPECT_THAT(NormalizeHubUrl("http://localhost:8787/dashboard").error().message,
              HasSubstr("has a path; only scheme, host and port can be given"));
  EXPECT_THAT(NormalizeHubUrl("https://h/berth").error().message,
              HasSubstr("for a hub below a path, its address up to /ws/connect"));
  EXPECT_EQ(NormalizeHubUrl("http://[::1]:8787").value(), "http://[::1]:8787");
}

TEST_F(OptionsTest, AnIdIsMadeFromTheHostName) {
  EXPECT_EQ(DefaultClientId("Anna's Mac.local"), "anna-s-mac");
  EXPECT_EQ(DefaultClientId("dev_01"), "dev-01");
  EXPECT_EQ(DefaultClientId("---"), "instance");
  EXPECT_EQ(DefaultClientId(""), "instance");
  EXPECT_EQ(DefaultClientId(std::string(200, 'x')).size(), 63U);
}

TEST_F(OptionsTest, FinishingFillsInAndChecks) {
  hub::HubOptions options;
  variables["HOME"] = "/home/me";
  ASSERT_THAT(FinishHubOptions(options, environment), IsOk());
  EXPECT_EQ(options.data, "/home/me/.local/state/berth");
  variables["XDG_STATE_HOME"] = "/state";
  EXPECT_EQ(DefaultDataFolder(environment).value(), "/state/berth");
  variables.clear();
  EXPECT_THAT(DefaultDataFolder(environment), FailsWith(ErrorKind::kInvalid));
  options.tls_cert = "c";
  EXPECT_THAT(FinishHubOptions(options, environment), FailsWith(ErrorKind::kInvalid));
  options.tls_key = "k";
  EXPECT_THAT(FinishHubOptions(options, environment), IsOk());
  options.public_url = "https://hub.example.org";
  EXPECT_THAT(FinishHubOptions(options, environment), IsOk());
  options.public_url = "http://hub.example.org";
  EXPECT_THAT(FinishHubOptions(options, environment), FailsWith(ErrorKind::kInvalid));

  agent::AgentOptions agent;
  EXPECT_THAT(FinishAgentOptions(agent, "mac", folder.path()), FailsWith(ErrorKind::kInvalid));
  agent.hub_url = "http://h";
  const auto in_the_clear = FinishAgentOptions(agent, "mac", folder.path());
  ASSERT_THAT(in_the_clear, FailsWith(ErrorKind::kInvalid));
  EXPECT_FALSE(in_the_clear.error().message.contains("enroll")) << in_the_clear.error().message;
  agent.token = Secret(kToken);
  EXPECT_THAT(FinishAgentOptions(agent, "mac", folder.path()), IsOk());
  EXPECT_EQ(agent.client_id, "mac");
}

TEST_F(OptionsTest, AnEnrolledTokenIsUsedWhereNoneIsGiven) {
  const agent::EnrolledAs as{.state = folder.path(), .hub_url = "https://hub", .client_id = "desk"};
  ASSERT_THAT(agent::KeepEnrolledToken(as, Secret(kToken)), IsOk());
  const auto finish = [&](std::string hub, std::string id, std::string_view token) {
    agent::AgentOptions agent;
    agent.hub_url = std::move(hub);
    agent.client_id = std::move(id);
    agent.token = Secret(token);
    auto finished = FinishAgentOptions(agent, "mac", folder.path());
    return finished ? std::pair(agent.client_id, std::string(agent.token.Reveal()))
                    : std::pair(finished.error().message, std::string());
  };
  EXPECT_THAT(finish("https://hub", "desk", ""), Pair("desk", kToken));
  EXPECT_THAT(finish("https://hub", "", ""), Pair("desk", kToken));
  EXPECT_THAT(finish("https://hub", "", "given"), Pair("mac", "given"));
  EXPECT_THAT(finish("https://hub", "other", ""),
              Pair(HasSubstr("berth agent enroll --hub https://hub --id other"), ""));
  EXPECT_THAT(finish("https://elsewhere", "", ""),
              Pair(HasSubstr("berth agent enroll --hub https://elsewhere`"), ""));
  std::filesystem::permissions(agent::EnrolledTokenFile(as), std::filesystem::perms(0644));
  EXPECT_THAT(finish("https://hub", "", ""), Pair(HasSubstr("chmod 600"), ""));
}

TEST_F(OptionsTest, ATokenFileThatOthersMayReadIsRefused) {
  const std::string path = Write("token", kToken);
  EXPECT_THAT(Agent({"--token-file", path}), IsOk());
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  const auto refused = Agent({"--token-file", path});
  ASSERT_THAT(refused, FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(refused.error().message,
              HasSubstr("--token-file: " + path + " can be read by others: chmod 600"));
}

TEST_F(OptionsTest, TheModeSaysWhetherToRun) {
  EXPECT_TRUE(IsAgentWanted(environment).value());
  variables["ORCHESTRATOR_MODE"] = "client";
  EXPECT_TRUE(IsAgentWanted(environment).value());
  variables["ORCHESTRATOR_MODE"] = "standalone";
  EXPECT_FALSE(IsAgentWanted(environment).value());
  variables["ORCHESTRATOR_MODE"] = "both";
  EXPECT_THAT(IsAgentWanted(environment), FailsWith(ErrorKind::kInvalid));
}

TEST_F(OptionsTest, TrustedProxiesComeFromFlagsEnvironmentAndFile) {
  const auto contains = [](const hub::HubOptions& options, const char* ip) {
    return std::ranges::any_of(options.trusted_proxies, [ip](const net::Network& network) {
      return network.Contains(*net::SocketAddress::FromText(ip, 0));
    });
  };
  EXPECT_TRUE(Hub()->trusted_proxies.empty());
  file = "trusted_proxy = ['10.0.0.0/8', '::1']\n";
  auto options = Hub();
  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(contains(*options, "10.1.2.3") && contains(*options, "::1"));
  variables["BERTH_TRUSTED_PROXIES"] = "192.0.2.0/24, 198.51.100.7";
  options = Hub();
  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(contains(*options, "192.0.2.9") && contains(*options, "198.51.100.7"));
  EXPECT_FALSE(contains(*options, "10.1.2.3"));
  options = Hub({"--trusted-proxy", "172.16.0.0/12", "--trusted-proxy", "127.0.0.1"});
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->trusted_proxies.size(), 2U);
  EXPECT_THAT(Hub({"--trusted-proxy", "10.0.0.1/8"}).error().message,
              HasSubstr("--trusted-proxy: \"10.0.0.1/8\" has more bits set"));
  EXPECT_THAT(Hub({"--trusted-proxy", "proxy.example.org"}), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth::cli
