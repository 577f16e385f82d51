#include "hub/hub.h"

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"
#include "base/log.h"
#include "hub/stored_metadata.h"
#include "net/address.h"
#include "store/instances.h"
#include "store/meta.h"

namespace berth::hub {
namespace {

/// What changes under way get when the rest has used drain_grace up.
constexpr std::chrono::seconds kLastChanges{2};
/// What the last writes get then, if another process has the database.
constexpr Duration kLastWrites = store::kLockWait;

/// The hub's own address as browsers write it, from what it listens on.
Origin DefaultOrigin(const net::HostPort& listen, std::uint16_t port, bool is_tls) {
  Origin origin;
  origin.scheme = is_tls ? "https" : "http";
  // A wildcard address or a usual one of this machine: "localhost" works in every browser on it,
  // and only names have subdomains. 127.0.0.2 is not localhost.
  const bool is_local = net::IsLoopbackHost(listen.host) &&
                        (listen.host == "127.0.0.1" || !listen.host.starts_with("127."));
  origin.host = "localhost";
  if (!is_local && !listen.host.empty() && listen.host != "0.0.0.0" && listen.host != "::") {
    origin.host = listen.host;
  }
  origin.port = port;
  return origin;
}

Result<std::unique_ptr<net::TlsServer>> OpenTls(const HubOptions& options) {
  if (options.tls_cert.empty()) return std::unique_ptr<net::TlsServer>();
  net::TlsServer::Options files;
  files.certificate_file = options.tls_cert;
  files.key_file = options.tls_key;
  auto tls = net::TlsServer::Create(std::move(files));
  if (tls) {
    LogInfo("agents may pin the key of {} as sha256/{}", options.tls_cert.string(),
            Base64Encode((*tls)->KeyPin()));
  }
  return tls;
}

/// For asking the sign-in providers; null if there are none.
Result<std::unique_ptr<http::Web>> MakeWeb(net::Loop& loop, const HubOptions& options,
                                           const Limits& limits) {
  const identity::SignInOptions& sign_in = options.sign_in;
  if (sign_in.github.client_id.empty() && sign_in.oidc.issuer.empty()) {
    return std::unique_ptr<http::Web>();
  }
  auto proxies = net::ProxySettings::FromEnvironment();
  if (!proxies) return std::move(proxies).error();
  auto tls = net::TlsClient::Create({});
  if (!tls) return std::move(tls).error();
  return std::make_unique<http::DialingWeb>(loop, limits, std::move(*proxies), std::move(*tls));
}

Result<Hosts> MakeHosts(const HubOptions& options, const net::HostPort& listen,
                        std::uint16_t port) {
  Origin origin = DefaultOrigin(listen, port, !options.tls_cert.empty());
  if (!options.public_url.empty()) {
    auto parsed = ParseOrigin(options.public_url);
    if (!parsed) return Wrap(std::move(parsed).error(), "--public-url");
    origin = std::move(*parsed);
  } else if (!net::IsLoopbackHost(listen.host)) {
    LogWarn(
        "this hub can be reached as {} only, and refuses requests to its other addresses: give "
        "--public-url, the address that browsers and agents use",
        origin.ToString());
  }
  std::string apps_domain = options.apps_domain;
  if (apps_domain.empty() && origin.host == "localhost") apps_domain = "localhost";
  // Behind a proxy too: where we listen says nothing of the way before it.
  auto hosts = Hosts::Create(std::move(origin), apps_domain, net::IsLoopbackHost(listen.host));
  if (hosts && !hosts->IsTrustworthy(hosts->public_origin().authority())) {
    LogWarn(
        "browsers reach this hub without TLS: sessions can be read on the way{}. Give it "
        "--tls-cert and --tls-key, or a TLS proxy in front and --public-url https://...",
        options.path_mode ? ", and pages of instances in path mode can act as whoever looks at them"
                          : "");
  }
  return hosts;
}

}  // namespace

struct Hub::Doors {
  std::unique_ptr<net::Listener> listener;
  std::unique_ptr<FrontLoops> fronts;
  std::uint16_t port = 0;

  static Result<Doors> Open(net::Loop& loop, const net::HostPort& listen, net::TlsServer* tls,
                            const HubOptions& options) {
    Doors doors;
    if (options.threads > 1) {
      auto fronts = FrontLoops::Open(loop, listen, tls, options.limits, options.threads - 1);
      if (!fronts) return std::move(fronts).error();
      doors.fronts = std::move(*fronts);
      doors.port = doors.fronts->port();
    } else {
      auto listener = net::Listener::Create(loop, listen, tls, options.limits);
      if (!listener) return std::move(listener).error();
      doors.listener = std::move(*listener);
      doors.port = doors.listener->port();
    }
    return doors;
  }
};

Task<Result<std::unique_ptr<Hub>>> Hub::Start(net::Loop& loop, HubOptions options) {
  LogInfo("berth {}", BERTH_VERSION);
  auto listen = net::ParseHostPort(options.listen);
  if (!listen) co_return Wrap(std::move(listen).error(), "--listen");
  auto tls = OpenTls(options);
  if (!tls) co_return Wrap(std::move(tls).error(), "TLS");
  auto lock = store::FolderLock::Take(options.data);
  if (!lock) co_return Wrap(std::move(lock).error(), "data folder");
  auto sealer = Sealer::Open(options.data / kSealKeyFile, SystemRandom());
  if (!sealer) co_return Wrap(std::move(sealer).error(), "data folder");
  auto doors = Doors::Open(loop, *listen, tls->get(), options);
  if (!doors) co_return Wrap(std::move(doors).error(), "--listen");
  auto hosts = MakeHosts(options, *listen, doors->port);
  if (!hosts) co_return std::move(hosts).error();
  // Last, as it may bring the database up to date: there is no way back from that, and a hub that
  // does not come up for another reason must leave it to the berth before.
  auto store = store::Store::Open(loop, options.data, store::StoreThread::kOwn, lock->get());
  if (!store) co_return Wrap(std::move(store).error(), "data folder");
  std::unique_ptr<Hub> hub(new Hub(loop, std::move(options), std::move(*hosts), std::move(*store),
                                   std::move(*sealer), std::move(*tls)));
  auto ready = hub->PrepareSignIn(loop);
  if (!ready) co_return Wrap(std::move(ready).error(), "sign-in");
  auto notifications = hub->PrepareNotifications(loop);
  if (!notifications) co_return Wrap(std::move(notifications).error(), "notifications");
  hub->CheckCertificate();
  hub->lock_ = std::move(*lock);
  auto loaded = co_await hub->Load();
  if (!loaded) co_return Wrap(std::move(loaded).error(), "data folder");
  auto serving = hub->Serve(loop, std::move(*doors));
  if (!serving) co_return std::move(serving).error();
  hub->maintenance_ = Job(loop, "maintenance", hub->identity_.Maintain());
  hub->membership_ = Job(loop, "membership", hub->sign_in_->Maintain());
  co_return hub;
}

Hub::Hub(net::Loop& loop, HubOptions options, Hosts hosts, std::unique_ptr<store::Store> store,
         Sealer sealer, std::unique_ptr<net::TlsServer> tls)
    : options_(std::move(options)),
      hosts_(std::move(hosts)),
      trusted_proxies_(options_.trusted_proxies, hosts_.public_origin().scheme),
      sealer_(std::move(sealer)),
      store_(std::move(store)),
      tls_(std::move(tls)),
      identity_({loop, *store_, sealer_, options_.limits}),
      registry_(loop, SystemWallClock(), identity_.shares()),
      history_(loop, SystemWallClock(), registry_),
      compressor_(options_.limits),
      assets_(options_.limits),
      sockets_(loop),
      changes_(loop, options_.limits),
      stopping_(loop),
      context_{.executor = loop,
               .limits = options_.limits,
               .hosts = hosts_,
               .clock = SystemWallClock(),
               .store = *store_,
               .sealer = sealer_,
               .identity = identity_,
               .registry = registry_,
               .history = history_,
               .sockets = sockets_,
               .changes = changes_,
               .stopping = stopping_,
               .compressor = &compressor_,
               .assets = &assets_,
               .path_mode = options_.path_mode,
               .version_1 = options_.version_1,
               .compress = options_.compress,
               .scheme = hosts_.public_origin().scheme == "https" ? identity::Scheme::kHttps
                                                                  : identity::Scheme::kHttp},
      path_gates_(context_),
      guests_(options_.limits),
      tunnels_(context_),
      router_(context_, tunnels_, trusted_proxies_) {
  context_.path_gates = &path_gates_;
  context_.guests = &guests_;
}

Result<void> Hub::PrepareSignIn(net::Loop& loop) {
  auto web = MakeWeb(loop, options_, options_.limits);
  if (!web) return std::move(web).error();
  web_ = std::move(*web);
  auto sign_in = identity::SignIn::Create({loop, *store_, sealer_, options_.limits}, identity_,
                                          web_.get(), options_.sign_in, public_url());
  if (!sign_in) return std::move(sign_in).error();
  sign_in_ = std::move(*sign_in);
  context_.sign_in = sign_in_.get();
  return Ok();
}

Result<void> Hub::PrepareNotifications(net::Loop& loop) {
  // A hub that only this machine reaches may tell this machine and its networks; others may not be
  // used by their members to reach into theirs.
  const auto listen = net::ParseHostPort(options_.listen);
  const bool is_local = listen && net::IsLoopbackHost(listen->host) &&
                        net::IsLoopbackHost(hosts_.public_origin().host);
  auto made = Notifications::Create(loop, context_, public_url(),
                                    options_.notify_private_addresses.value_or(is_local));
  if (!made) return std::move(made).error();
  notifications_ = std::move(*made);
  context_.notifications = notifications_.get();
  return Ok();
}

Hub::~Hub() {
  membership_.Cancel();
  maintenance_.Cancel();
  server_.reset();
  fronts_.reset();
  changes_.CancelAll();
  sockets_.CancelAll();
}

Task<Result<void>> Hub::Load() {
  identity_.signing_keys().SetOnChange([this] { tunnels_.AnnounceKeys(); });
  auto loaded = co_await identity_.Load();
  if (!loaded) co_return loaded;
  auto providers = co_await sign_in_->Load();
  if (!providers) co_return providers;
  const std::string url = public_url();
  auto instances = co_await store_->Run(
      [url](store::Database& database) -> Result<std::vector<store::InstanceRow>> {
        auto written = store::WriteMeta(database, store::kPublicUrlKey, url);
        if (!written) return std::move(written).error();
        return store::ListInstances(database);
      });
  if (!instances) co_return std::move(instances).error();
  for (auto& row : *instances) {
    registry_.Remember(row.id, row.user_id, MetadataFromText(row.metadata), row.last_seen_at,
                       row.label);
  }
  access_keeper_ = std::make_unique<AccessKeeper>(context_);
  auto watching = co_await notifications_->Start();
  if (!watching) co_return Wrap(std::move(watching).error(), "notifications");
  co_return Ok();
}

Result<void> Hub::Serve(net::Loop& loop, Doors doors) {
  port_ = doors.port;
  if (doors.fronts) {
    fronts_ = std::move(doors.fronts);
    return fronts_->Start(router_);
  }
  server_ =
      std::make_unique<http::Server>(loop, options_.limits, std::move(doors.listener), router_);
  server_->Start();
  return Ok();
}

Task<Result<bool>> Hub::HasAnybodySignedIn() { return identity_.HasAnybodySignedIn(); }

Task<Result<std::string>> Hub::FirstSignInLink() {
  auto signed_in = co_await identity_.HasAnybodySignedIn();
  if (!signed_in) co_return std::move(signed_in).error();
  if (*signed_in) co_return std::string();
  auto code = co_await identity_.login_codes().Issue(identity_.owner_id());
  if (!code) co_return std::move(code).error();
  co_return fmt::format("{}/login#{}", public_url(), code->Reveal());
}

Task<Result<Secret>> Hub::CreateToken(std::string name) {
  auto created = co_await identity_.tokens().Create(identity_.owner_id(), std::move(name));
  if (!created) co_return std::move(created).error();
  co_return std::move(created->text);
}

Result<void> Hub::ReloadCertificate() {
  if (!tls_) return Ok();
  auto loaded = tls_->Reload();
  if (loaded) CheckCertificate();
  return loaded;
}

void Hub::CheckCertificate() const {
  // Behind a proxy, browsers see the proxy's.
  if (!tls_ || !options_.trusted_proxies.empty()) return;
  const auto check = [this](const std::string& host, std::string_view called) {
    if (tls_->IsFor(host)) return;
    LogWarn("the certificate {} is not for {}: browsers refuse it there",
            options_.tls_cert.string(), called);
  };
  const std::string& own = hosts_.public_origin().host;
  check(own, own);
  if (!hosts_.has_subdomains()) return;
  const auto instance = ParseOrigin(hosts_.InstanceOrigin("any"));
  CHECK(instance.has_value());
  check(instance->host, "*" + instance->host.substr(3));
}

Task<void> Hub::Drain() {
  const TimePoint end = context_.executor.now() + options_.limits.drain_grace;
  stopping_.Set();
  store_->FinishWithin(options_.limits.drain_grace + kLastWrites);
  // First, so that nobody is told that instances went which only this hub leaves. What it writes
  // waits for the database; the rest need not wait for that.
  auto told = notifications_->Drain();
  told.Start();
  tunnels_.Drain();
  if (server_) co_await server_->Drain();
  if (fronts_) co_await fronts_->Drain();
  changes_.Close();  // What came in while the connections ended counts as begun.
  // Some time in any case: most are a write to the store away from their end.
  const Duration left = std::max<Duration>(end - context_.executor.now(), kLastChanges);
  auto changed = co_await changes_.WaitEmpty(left);
  if (!changed) LogWarn("{} changes did not finish in time and are cut", changes_.size());
  co_await told;
  store_->FinishWithin(std::max<Duration>(end - context_.executor.now(), kLastWrites));
  auto flushed = co_await identity_.Flush();
  if (!flushed) LogError("write sessions: {}", flushed.error().ToString());
}

}  // namespace berth::hub
