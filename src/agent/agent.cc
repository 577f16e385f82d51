#include "agent/agent.h"

#include <bit>
#include <csignal>
#include <filesystem>

#include "agent/instance_owner.h"
#include "agent/machine.h"
#include "agent/state_folder.h"
#include "agent/state_words.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kVersion1Heartbeat = std::chrono::seconds(30);

/// A number in [0, 1).
double RandomShare() {
  return std::bit_cast<std::uint32_t>(RandomBytes<4>(SystemRandom())) / 4294967296.0;
}

/// The limits, with what the environment of version 1 sets.
Limits AdjustLimits(const AgentOptions& options) {
  Limits limits = options.limits;
  if (options.reconnect_interval) {
    limits.reconnect_min = *options.reconnect_interval;
    limits.reconnect_away = std::max(limits.reconnect_away, limits.reconnect_min);
    limits.reconnect_max = std::max(limits.reconnect_max, limits.reconnect_min);
  }
  if (options.heartbeat_interval) {
    limits.ping_after = *options.heartbeat_interval;
  } else if (options.protocol == tunnel::Protocol::kVersion1) {
    limits.ping_after = kVersion1Heartbeat;
  }
  return limits;
}

LocatorOptions LocatorOptionsOf(const AgentOptions& options) {
  LocatorOptions locator;
  locator.discovery.url = options.instance_url;
  locator.discovery.home = HomeFolder();
  locator.choice = options.adapter;
  locator.sign_in.home = HomeFolder();
  locator.sign_in.create_user = options.create_user;
  locator.sign_in.state_folder = options.state_folder;
  locator.generic.identity_headers = options.identity_headers;
  locator.generic.rewrite_javascript = options.rewrite_javascript;
  return locator;
}

AllowList AllowListOf(const AgentOptions& options) {
  AllowList allowed{.users = options.allowed_users, .groups = options.allowed_orgs};
  allowed.groups.insert(allowed.groups.end(), options.allowed_teams.begin(),
                        options.allowed_teams.end());
  return allowed;
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::Create(net::Loop& loop, AgentOptions options) {
  auto hub = HubPlace::Parse(options.hub_url);
  if (!hub) return hub.error();
  if (!options.instance_url.empty()) {
    auto instance = ParseInstanceUrl(options.instance_url);
    if (!instance) return instance.error();
  } else if (options.adapter == AdapterChoice::kGeneric) {
    return Invalid(
        "say where the instance is, as --instance http://127.0.0.1:3000: only a "
        "claudecodeui can be found by itself");
  }
  auto proxies = net::ProxySettings::FromEnvironment();
  if (!proxies) return proxies.error();
  auto hub_tls = net::TlsClient::Create(options.hub_tls);
  if (!hub_tls) return hub_tls.error();
  auto instance_tls = net::TlsClient::Create({});
  if (!instance_tls) return instance_tls.error();
  if (options.state_folder.empty()) options.state_folder = StateFolder(options.client_id);
  auto worker = std::make_unique<ThreadWorker>();
  auto trust = HubTrust::Open({.hub = options.hub_url,
                               .file = options.state_folder / kKnownHubsFile,
                               .key = options.hub_key},
                              *worker);
  if (!trust) return Wrap(std::move(trust).error(), "the hub's pinned key");
  return std::unique_ptr<Agent>(
      new Agent(loop, std::move(options), std::move(*hub), std::move(*proxies), std::move(*hub_tls),
                std::move(*instance_tls), std::move(worker), std::move(*trust)));
}

Agent::Agent(net::Loop& loop, AgentOptions options, HubPlace hub_place, net::ProxySettings proxies,
             std::unique_ptr<net::TlsClient> hub_tls, std::unique_ptr<net::TlsClient> instance_tls,
             std::unique_ptr<ThreadWorker> worker, HubTrust trust)
    : loop_(loop),
      options_(std::move(options)),
      limits_(AdjustLimits(options_)),
      hub_place_(std::move(hub_place)),
      hub_(HubAddressOf(hub_place_, std::move(options_.token), options_.protocol)),
      proxies_(std::move(proxies)),
      hub_tls_(std::move(hub_tls)),
      instance_tls_(std::move(instance_tls)),
      worker_(std::move(worker)),
      trust_(std::move(trust)),
      gate_(options_.client_id, trust_, SystemWallClock()),
      hub_client_(loop_, limits_,
                  [this] { return DialHub(loop_, hub_place_, proxies_, *hub_tls_, limits_); }),
      instance_client_(loop_, limits_, [this] { return DialInstance(); }),
      own_client_(loop_, limits_, [this] { return DialInstance(); }),
      status_(loop_, [this](const StatusReport& report) { SendStatus(report); }),
      locator_(loop_, *worker_, own_client_, LocatorOptionsOf(options_),
               [this](Adapter& adapter) {
                 forwarder_.SetAdapter(&adapter);
                 status_.SetAdapter(&adapter);
                 answers_.SetAdapter(&adapter);
                 const bool is_news = !is_version_1() && KindOfInstance() != told_kind_;
                 if (is_news) SendStatus(status_.report());
               }),
      forwarder_(loop_, limits_, instance_client_, locator_.info(), status_, gate_),
      v1_server_(loop_, limits_, {.scheme = hub_.scheme, .authority = hub_.authority}, forwarder_,
                 [this](const control::Message& message) { return keeper_.Send(message); }),
      keeper_(loop_, limits_, hub_, hub_client_, forwarder_, *this, RandomShare),
      answers_(loop_, forwarder_,
               [this](const control::Message& message) { return keeper_.Send(message); }),
      left_(loop_) {
  if (is_version_1()) gate_.BelieveFields();
  AllowList allowed = AllowListOf(options_);
  if (!allowed.is_empty()) v1_server_.RefuseChats();
  forwarder_.SetAllowList(std::move(allowed));
  forwarder_.SetOnAway([this] { locator_.LookAgain(); });
  status_.SetOnAway([this] { locator_.LookAgain(); });
  locator_.SetOnLost([this] { status_.NoteLost(); });
}

Agent::~Agent() {
  status_.SetAdapter(nullptr);
  locating_.Cancel();
  reporting_.Cancel();
  amending_.Cancel();
}

Task<Error> Agent::Run() {
  if (!options_.command.empty()) StartCommand();
  locating_ = Job(loop_, "find the instance", locator_.Run());
  reporting_ = Job(loop_, "status", status_.Run());
  network_change_ =
      std::make_unique<net::NetworkChange>(loop_, [this] { keeper_.NetworkChanged(); });
  Error why = co_await keeper_.Run();
  left_.Set();
  co_return why;
}

Task<void> Agent::Drain() {
  is_draining_ = true;
  // In version 1 they are chats, which end with what was asked.
  if (!is_version_1()) forwarder_.EndEndless();
  auto left = co_await WithDeadline(loop_, limits_.drain_grace, "finish", Leave());
  if (!left) LogWarn("stopping with requests under way: the grace is over");
  if (supervisor_) {
    supervisor_->Stop();
    co_await supervisor_->stopped().Wait();
  }
}

Task<Result<void>> Agent::Leave() {
  // Version 1 knows no drain: the connection stays until what runs has been answered.
  if (is_version_1()) co_await v1_server_.Drain();
  keeper_.Drain("the agent is stopping");
  co_await left_.Wait();
  co_return Ok();
}

Task<Result<net::StreamPtr>> Agent::DialInstance() {
  const InstanceInfo& info = locator_.info();
  if (!info.is_found()) co_return Unavailable("the instance is not found yet");
  auto target =
      net::HttpTarget(info.is_tls ? "https" : "http", {.host = info.host, .port = info.port});
  target.admit = [rule = OwnerRule{.instance_user = options_.instance_user},
                  authority = info.authority()](int descriptor) {
    return CheckInstanceOwner(descriptor, rule, authority);
  };
  auto dialled = co_await net::Dial(loop_, std::move(target), no_proxies_, *instance_tls_, limits_);
  NoteDial(dialled);
  co_return dialled;
}

// An instance that is away is no trouble: it is waited for.
void Agent::NoteDial(const Result<net::StreamPtr>& dialled) {
  const bool is_trouble = !dialled && (dialled.error().kind == ErrorKind::kForbidden ||
                                       dialled.error().kind == ErrorKind::kInternal);
  if (!is_trouble) {
    forwarder_.SetTrouble(std::nullopt);
    return;
  }
  const Error& why = dialled.error();
  forwarder_.SetTrouble(why);
  // Who listens there is said of each; what an error of the system says may differ each time.
  const bool is_whose = why.kind == ErrorKind::kForbidden;
  if (!undialled_.IsWorthALine(is_whose ? why.message : ToString(why.kind), loop_.now())) return;
  LogError("cannot use the instance: {}", ForLog(why.message));
}

void Agent::StartCommand() {
  supervisor_ = std::make_unique<Supervisor>(
      loop_, limits_, options_.command, [this](const SupervisorEvent& event) { OnCommand(event); });
}

void Agent::OnCommand(const SupervisorEvent& event) {
  const StateLine line = WordsOf(event, options_.command.front(), is_draining_);
  LogLine(line.level, line.text);
  locator_.LookAgain();
}

void Agent::SendStatus(const StatusReport& report) {
  control::StatusUpdate update;
  const InstanceKind kind = KindOfInstance();
  update.client_id = options_.client_id;
  update.status = report.status;
  if (!is_version_1()) {
    update.needs_you = report.needs_you();
    update.sessions = report.sessions;
    update.state = report.state;
    update.no_answer = report.no_answer;
    if (kind != told_kind_) {
      update.version = kind.version;
      update.adapter = kind.adapter;
    }
  }
  auto sent = keeper_.Send(update);
  if (sent) {
    told_kind_ = kind;
  } else {
    LogDebug("status not sent: {}", sent.error().message);
  }
}

control::Metadata Agent::DescribeInstance() const {
  control::Metadata metadata;
  metadata.hostname = HostName();
  metadata.platform = Platform();
  std::error_code error;
  metadata.project = fs::current_path(error).filename();
  metadata.status = status_.report().status;
  metadata.version = locator_.version();
  metadata.adapter = locator_.adapter_kind();
  metadata.agent_version = BERTH_VERSION;
  for (const auto& [name, value] : options_.labels) metadata.labels[name] = value;
  return metadata;
}

control::Register Agent::OnRegister() {
  control::Register registration;
  registration.client_id = options_.client_id;
  registration.metadata = DescribeInstance();
  told_kind_ = KindOfInstance();
  if (is_version_1()) return registration;
  // A name that nobody else could have chosen: what was signed for one tunnel is of no use in
  // another.
  registration.tunnel = HexEncode(RandomBytes<16>(SystemRandom()));
  gate_.BeginTunnel(registration.tunnel);
  return registration;
}

Result<void> Agent::CheckHub(const control::Registered& registered) {
  if (is_version_1()) return Ok();  // It signs nothing.
  gate_.Forget();
  return trust_.Accept(registered.hub.keys);
}

void Agent::OnState(const tunnel::TunnelState& state) {
  using Kind = tunnel::TunnelState::Kind;
  const bool is_refused = state.kind == Kind::kUnauthorized || state.kind == Kind::kRefused;
  amending_ = Job();
  if (state.kind == Kind::kUntrusted) {
    amending_ = Job(loop_, "another key of the hub", TakeOtherPins());
  } else if (is_refused && options_.token_source.kind != TokenSource::Kind::kGiven) {
    amending_ = Job(loop_, "another token", TakeOtherToken());
  }
  const bool is_connected = state.kind == Kind::kConnected;
  status_.SetWatched(is_connected);
  if (is_connected) {
    away_.Reset();
    locator_.Check();  // While no hub was there nobody looked.
  } else {
    v1_server_.Reset();
  }
  StateLine line = WordsOf(state, options_);
  if (state.kind == Kind::kWaiting && !away_.IsWorthALine(state.reason, loop_.now())) {
    line.level = LogLevel::kDebug;
  }
  LogLine(line.level, line.text);
}

Task<void> Agent::TakeOtherToken() {
  auto token = co_await AwaitOtherToken(*worker_, loop_, options_.token_source.file, hub_.token);
  LogInfo("there is another token in {}", options_.token_source.file.string());
  hub_.token = std::move(token);
  keeper_.TryNow();
}

Task<void> Agent::TakeOtherPins() {
  co_await trust_.AwaitOtherPins(loop_);
  LogInfo("the pinned keys of {} are others now", options_.hub_url);
  keeper_.TryNow();
}

void Agent::OnRegistered(const control::Registered& registered) {
  if (is_version_1() && !std::exchange(limits_noted_, true)) {
    LogWarn(
        "the hub speaks version 1 of the protocol: its URL holds the token, terminals and event "
        "streams do not work, uploads are text alone, and large responses come whole");
  }
  if (!registered.hub.url.empty()) LogInfo("open it at {}", ForLog(registered.hub.url));
  SendStatus(status_.report());
}

void Agent::OnMessage(const control::Message& message) {
  std::visit([this](const auto& known) { On(known); }, message);
  if (is_version_1()) v1_server_.OnMessage(message);
}

void Agent::On(const control::Command& command) {
  if (command.command != control::Command::Kind::kRefreshStatus) return;
  SendStatus(status_.report());
  status_.Refresh();
}

void Agent::On(const control::HubKeys& keys) {
  gate_.Forget();
  auto accepted = trust_.Accept(keys.keys);
  if (!accepted) LogError("the hub's new keys are refused: {}", accepted.error().message);
}

void Agent::On(const control::Answer& answer) {
  if (!is_version_1()) answers_.Take(answer);
}

void Agent::On(const control::Seen& seen) {
  if (!is_version_1()) answers_.Take(seen);
}

}  // namespace berth::agent
