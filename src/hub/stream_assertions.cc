#include "hub/stream_assertions.h"

#include "base/encoding.h"

namespace berth::hub {
namespace {

// Sessions that use one instance within ten seconds. An assertion has under 1 KiB, as a rule.
constexpr std::size_t kMaxKept = 256;

}  // namespace

control::Role AssertedRole(identity::InstanceRole role) {
  switch (role) {
    case identity::InstanceRole::kOwner:
      return control::Role::kOwner;
    case identity::InstanceRole::kOperator:
      return control::Role::kOperator;
    case identity::InstanceRole::kViewer:
      break;
  }
  return control::Role::kViewer;
}

void StreamAssertions::Begin(std::string tunnel) {
  tunnel_ = std::move(tunnel);
  made_.reset();
}

std::vector<control::HubKey> StreamAssertions::Announce() {
  std::vector<control::HubKey> announced;
  const auto& keys = keys_.list();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Ed25519PublicKey& key = keys[i].public_key();
    control::HubKey& entry = announced.emplace_back();
    entry.public_key = key.Text();
    for (const Ed25519PrivateKey& older : std::span(keys).subspan(i + 1)) {
      const Ed25519Signature signature = older.Sign(control::EndorsementText(key));
      entry.endorsements.push_back(
          {.key_id = older.public_key().Id(), .signature = Base64UrlEncode(signature)});
    }
  }
  if (!keys.empty()) key_id_ = keys.front().public_key().Id();
  made_.reset();
  return announced;
}

Result<std::string> StreamAssertions::For(const identity::PersonPtr& person,
                                          std::string_view session_id, control::Role role) {
  if (tunnel_.empty()) {
    if (role == control::Role::kViewer) {
      return Forbidden("an agent that asks for no assertions holds nobody to looking on");
    }
    return std::string();
  }
  const WallTime now = clock_();
  if (!made_) made_ = std::make_unique<Kept>();
  const auto found = made_->find(std::tuple(session_id, role));
  // `until` further off than that: the clock was set back, and the agent would not believe the
  // date.
  if (found != made_->end() && now < found->second.until &&
      found->second.until - now <= control::kAssertionReuse && found->second.person == person) {
    return found->second.text;
  }
  auto text = Make(*person, role, now);
  if (!text) return text;
  MakeRoom(now);
  (*made_)[{std::string(session_id), role}] = {
      .person = person, .text = *text, .until = now + control::kAssertionReuse};
  return text;
}

Result<std::string> StreamAssertions::Make(const store::User& user, control::Role role,
                                           WallTime now) const {
  const Ed25519PrivateKey* const key = keys_.Find(key_id_);
  if (key == nullptr) return Internal("the key that the agent knows is gone");
  const auto second =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  control::Assertion assertion;
  assertion.key_id = key_id_;
  assertion.audience = instance_id_;
  assertion.tunnel = tunnel_;
  assertion.user_id = user.id;
  assertion.provider = user.provider;
  assertion.subject = user.subject;
  assertion.login = user.login;
  assertion.name = user.name;
  assertion.groups = user.groups;
  assertion.group_ids = user.group_ids;
  assertion.role = role;
  assertion.issued_at = second - control::kAssertionBackdate.count();
  assertion.expires_at = assertion.issued_at + control::kAssertionLifetime.count();
  return control::MakeAssertion(assertion, *key);
}

void StreamAssertions::MakeRoom(WallTime now) {
  if (made_->size() < kMaxKept) return;
  std::erase_if(*made_, [now](const auto& entry) { return entry.second.until <= now; });
  if (made_->size() >= kMaxKept) made_->clear();
}

}  // namespace berth::hub
