#include "agent/assertion_gate.h"

namespace berth::agent {
namespace {

// Sessions that use this instance within a minute; beyond, signatures are checked again.
constexpr std::size_t kMaxVerified = 128;

control::Assertion FromFields(const http::Fields& fields) {
  control::Assertion user;
  user.provider = "github";
  user.role = control::Role::kOwner;
  const auto only = [&fields](std::string_view name) {
    return std::string(fields.Count(name) == 1 ? *fields.Find(name) : std::string_view());
  };
  user.subject = only("x-orchestrator-user-id");
  user.login = only("x-orchestrator-username");
  return user;
}

}  // namespace

AssertionGate::AssertionGate(std::string instance_id, const HubTrust& trust, WallClock clock)
    : instance_id_(std::move(instance_id)), trust_(trust), clock_(std::move(clock)) {}

void AssertionGate::BeginTunnel(std::string tunnel) {
  tunnel_ = std::move(tunnel);
  Forget();
}

Result<AssertionPtr> AssertionGate::Check(const http::Fields& fields) {
  if (believes_fields_) return std::make_shared<const control::Assertion>(FromFields(fields));
  const auto text = fields.Find(control::kAssertionField);
  if (!text) return Unauthorized("the stream carries no assertion");
  if (fields.Count(control::kAssertionField) > 1) {
    return Unauthorized("the stream carries several assertions");
  }
  const WallTime now = clock_();
  const auto found = verified_.find(*text);
  if (found != verified_.end()) {
    auto in_time = control::CheckTime(*found->second, now);
    if (in_time) return found->second;
    verified_.erase(found);
    return std::move(in_time).error();
  }
  auto verified =
      control::VerifyAssertion(*text, {.audience = instance_id_, .tunnel = tunnel_, .now = now},
                               [this](std::string_view id) { return trust_.Find(id); });
  if (!verified) return std::move(verified).error();
  if (verified_.size() >= kMaxVerified) {
    std::erase_if(verified_, [now](const auto& entry) {
      return !control::CheckTime(*entry.second, now).has_value();
    });
    if (verified_.size() >= kMaxVerified) verified_.clear();
  }
  auto assertion = std::make_shared<const control::Assertion>(std::move(*verified));
  verified_.emplace(*text, assertion);
  return assertion;
}

}  // namespace berth::agent
