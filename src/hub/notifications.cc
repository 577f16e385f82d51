#include "hub/notifications.h"

#include "base/encoding.h"
#include "base/seal.h"
#include "identity/identity.h"
#include "store/meta.h"

namespace berth::hub {
namespace {

constexpr std::string_view kKeyMeta = "vapid_key";  ///< Sealed, base64url.
constexpr std::string_view kKeyPurpose = "vapid-key";

/// Who push services may write to about what this hub sends.
std::string SubjectOf(const std::string& public_url) {
  return public_url.starts_with("https://") ? public_url : "mailto:berth@localhost";
}

Result<P256PrivateKey> OpenKey(const Sealer& sealer, std::string_view sealed) {
  const auto bytes = Base64UrlDecode(sealed);
  if (!bytes) return Invalid("it is damaged");
  auto raw = sealer.Unseal(kKeyPurpose, *bytes);
  if (!raw) return std::move(raw).error();
  return P256PrivateKey::From(std::as_bytes(std::span(raw->Reveal())));
}

bool MayKnow(const HubContext& hub, const store::NotifyTargetRow& target,
             const std::string& instance_id) {
  // The target goes when somebody ends its session, but only once that is written.
  if (target.session_id && hub.identity.sessions().WasEnded(*target.session_id)) return false;
  const auto person = hub.identity.people().Find(target.user_id);
  if (person == nullptr) return false;
  const Instance* const instance = hub.registry.Get(instance_id);
  return instance != nullptr &&
         identity::IsToldOf(hub.identity.shares(), *person, instance->user_id, instance_id);
}

}  // namespace

Result<std::unique_ptr<Notifications>> Notifications::Create(net::Loop& loop, HubContext& hub,
                                                             std::string public_url,
                                                             bool may_be_private) {
  std::unique_ptr<Notifications> made(new Notifications(loop, hub, std::move(public_url)));
  auto proxies = net::ProxySettings::FromEnvironment();
  if (!proxies) return std::move(proxies).error();
  auto tls = net::TlsClient::Create({});
  if (!tls) return std::move(tls).error();
  http::WebRules rules;
  rules.timeout = hub.limits.notify_timeout;
  rules.addresses = may_be_private ? net::AddressRule::kAny : net::AddressRule::kPublicOnly;
  made->web_ = std::make_unique<http::DialingWeb>(loop, hub.limits, std::move(*proxies),
                                                  std::move(*tls), rules);
  return made;
}

Notifications::~Notifications() { delivery_.Cancel(); }

Task<Result<void>> Notifications::Start() {
  auto loaded = co_await LoadKey();
  if (!loaded) co_return Wrap(std::move(loaded).error(), "the key of Web Push");
  outbox_ = std::make_unique<Outbox>(Outbox::Parts{
      .executor = loop_,
      .store = hub_.store,
      .web = *web_,
      .sealer = hub_.sealer,
      .limits = hub_.limits,
      .audit = hub_.identity.audit(),
      .clock = hub_.clock,
      .random = SystemRandom(),
      .identity = {.key = *key_, .subject = SubjectOf(public_url_)},
      .may_know = [this](const store::NotifyTargetRow& target, const std::string& instance_id) {
        return MayKnow(hub_, target, instance_id);
      }});
  notifier_ = std::make_unique<Notifier>(hub_, *outbox_, public_url_);
  auto started = co_await notifier_->Start();
  if (!started) co_return started;
  delivery_ = Job(loop_, "outbox", outbox_->Run());
  co_return Ok();
}

Task<void> Notifications::Drain() {
  notifier_->Stop();
  co_await notifier_->Flush();
}

std::string Notifications::PublicKey() const { return Base64UrlEncode(key_->public_point()); }

Task<Result<void>> Notifications::LoadKey() {
  auto kept = co_await hub_.store.Read(
      [](store::Database& database) { return store::ReadMeta(database, kKeyMeta); });
  if (!kept) co_return std::move(kept).error();
  if (*kept) {
    auto key = OpenKey(hub_.sealer, **kept);
    if (key) {
      key_ = std::make_unique<const P256PrivateKey>(*std::move(key));
      co_return Ok();
    }
    // As after a lost seal.key, and for ever: whoever set notifications up does so again.
    LogWarn(
        "the key for Web Push cannot be read ({}): a new one is made, and browsers have to set "
        "their notifications up again",
        key.error().message);
  }
  key_ = std::make_unique<const P256PrivateKey>(P256PrivateKey::Generate(SystemRandom()));
  std::string sealed = Base64UrlEncode(hub_.sealer.Seal(kKeyPurpose, key_->Raw().Reveal()));
  co_return co_await hub_.store.Run([sealed = std::move(sealed)](store::Database& database) {
    return store::WriteMeta(database, kKeyMeta, sealed);
  });
}

}  // namespace berth::hub
