#include "cli/demo.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "agent/agent.h"
#include "agent/demo_instance.h"
#include "base/log.h"
#include "cli/command.h"
#include "hub/hub.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/signals.h"

namespace berth::cli {
namespace {

/// A folder of our own that goes with this object.
class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> Create() {
    std::error_code failure;
    const auto base = std::filesystem::temp_directory_path(failure);
    if (failure) return Internal("temporary folder: " + failure.message());
    std::string pattern = (base / "berth-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return FromErrno(errno, "make " + pattern);
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(pattern));
  }
  ~TemporaryFolder() {
    std::error_code failure;
    std::filesystem::remove_all(path_, failure);
    if (failure) LogWarn("remove {}: {}", path_.string(), failure.message());
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path path_;
};

/// The three parts; destroyed in reverse.
struct Demo {
  Demo(net::Loop& l) : loop(l), instance(l) {}  // NOLINT(google-explicit-constructor)

  net::Loop& loop;
  const Limits limits;
  agent::DemoInstance instance;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<hub::Hub> hub;
  std::unique_ptr<agent::Agent> agent;
};

Result<void> StartInstance(Demo& demo) {
  auto listener = net::Listener::Create(demo.loop, {"127.0.0.1", 0}, nullptr, demo.limits);
  if (!listener) return Wrap(std::move(listener).error(), "sample instance");
  demo.server =
      std::make_unique<http::Server>(demo.loop, demo.limits, std::move(*listener), demo.instance);
  demo.server->Start();
  return Ok();
}

Task<Result<void>> StartAgent(Demo& demo, std::filesystem::path state) {
  auto token = co_await demo.hub->CreateToken("demo");
  if (!token) co_return std::move(token).error();
  agent::AgentOptions options;
  options.hub_url = demo.hub->public_url();
  options.token = std::move(*token);
  options.client_id = "demo";
  options.state_folder = std::move(state);
  options.instance_url = fmt::format("http://127.0.0.1:{}", demo.server->port());
  options.adapter = agent::AdapterChoice::kGeneric;
  auto agent = agent::Agent::Create(demo.loop, std::move(options));
  if (!agent) co_return std::move(agent).error();
  demo.agent = std::move(*agent);
  co_return Ok();
}

Task<void> RunAgent(agent::Agent& agent) {
  const Error why = co_await agent.Run();
  LogInfo("agent: {}", why.ToString());
}

Task<Result<void>> Start(Demo& demo, std::string listen, std::filesystem::path data) {
  auto instance = StartInstance(demo);
  if (!instance) co_return instance;
  hub::HubOptions options;
  auto address = net::ParseHostPort(listen);
  if (address && !net::IsLoopbackHost(address->host) && address->port != 0) {
    options.public_url = fmt::format("http://localhost:{}", address->port);  // As in a container.
  }
  options.listen = std::move(listen);
  const auto state = data.parent_path() / "agent";
  options.data = std::move(data);
  auto hub = co_await hub::Hub::Start(demo.loop, std::move(options));
  if (!hub) co_return std::move(hub).error();
  demo.hub = std::move(*hub);
  co_return co_await StartAgent(demo, state);
}

Task<void> Serve(net::Loop& loop, std::string listen, int& status) {
  auto folder = TemporaryFolder::Create();
  if (!folder) {
    status = Complain("demo", folder.error(), kFailed);
    loop.Stop();
    co_return;
  }
  Demo demo(loop);
  auto started = co_await Start(demo, std::move(listen), (*folder)->path() / "hub");
  if (!started) {
    status = Complain("demo", started.error(), ExitStatus(started.error()));
    loop.Stop();
    co_return;
  }
  Job agent(loop, "agent", RunAgent(*demo.agent));
  auto link = co_await demo.hub->FirstSignInLink();
  std::printf("berth hub ready: %s\n", demo.hub->public_url().c_str());
  if (link) std::printf("sign in: %s\n", link->c_str());
  std::fflush(stdout);
  net::Signals signals(loop);
  co_await signals.Next();
  co_await demo.agent->Drain();
  co_await demo.hub->Drain();
  loop.Stop();
}

/// Its agent speaks to its hub without TLS, as it may on this machine only.
Result<void> CheckListen(std::string_view listen) {
  auto address = net::ParseHostPort(listen);
  if (!address) return Wrap(std::move(address).error(), "--listen");
  const std::string& host = address->host;
  if (host.empty() || host == "0.0.0.0" || host == "::" || net::IsLoopbackHost(host)) return Ok();
  return Invalid(fmt::format(
      "--listen: {} is not of this machine alone, and the demo has no TLS; give 127.0.0.1:8787, or "
      "*:8787 in a container: either way it is at http://localhost:8787",
      ForLog(listen)));
}

}  // namespace

int RunDemo(std::string listen) {
  auto checked = CheckListen(listen);
  if (!checked) return Complain("demo", checked.error(), kMisused);
  std::signal(SIGPIPE, SIG_IGN);  // A log that nobody reads any more ends nothing.
  SetLogLevel(LogLevel::kWarn);
  net::Loop loop;
  int status = 0;
  {
    Job serve(loop, "demo", Serve(loop, std::move(listen), status));
    loop.Run();
  }
  return status;
}

}  // namespace berth::cli
