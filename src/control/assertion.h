// Assertions: what a hub says to an agent, signed, about the user behind a stream: who it is, for
// which instance, over which tunnel, until when.
//
//     base64url(JSON) "." base64url(Ed25519 signature over what stands before the dot)
//
// Every stream of a tunnel carries one in the request field kAssertionField. The hub signs one for
// ten seconds of requests (kAssertionReuse), because signing each would be slow; the agent checks
// the signature of a text once. The wire names are in assertion.cc. Values; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ed25519.h"
#include "base/result.h"
#include "base/wall_clock.h"

namespace berth::control {

/// The request field, in lower case. Hub and agent remove whatever a browser sends under it.
inline constexpr std::string_view kAssertionField = "x-berth-assertion";

/// Most bytes of one.
inline constexpr std::size_t kMaxAssertion = 12 * 1024;

/// From issued_at to expires_at, at most.
inline constexpr std::chrono::seconds kAssertionLifetime{60};
/// How long the hub gives out the same one. At least 35 s are left then for the way: a request may
/// wait for its place among the tunnel's streams (5 s), and then for a link that stands still and
/// is not given up yet (20 s).
inline constexpr std::chrono::seconds kAssertionReuse{10};
/// How much earlier than now the hub dates one, and how far in the future an agent takes one: the
/// clocks of hub and agent may differ by 15 to 20 seconds either way.
inline constexpr std::chrono::seconds kAssertionBackdate{15};
inline constexpr std::chrono::seconds kAssertionSkew{5};

/// What somebody may do with an instance.
enum class Role {
  kOwner,     ///< Everything; it is theirs.
  kOperator,  ///< Everything that its page can do.
  kViewer,    ///< Look at it.
};
std::string_view ToString(Role role);

struct Assertion {
  std::string key_id{};      ///< Of the key that signed it.
  std::string audience{};    ///< The instance's id.
  std::string tunnel{};      ///< What the agent called this tunnel in Register; never empty.
  std::int64_t user_id = 0;  ///< The hub's own number for the user.
  std::string provider{};    ///< Who vouches for them: "local", "github", "oidc".
  std::string subject{};     ///< The provider's own, stable id.
  std::string login{};       ///< The provider's name for them; may be empty.
  std::string name{};        ///< For showing.
  std::vector<std::string> groups{};  ///< "org" and "org/team".
  /// The same by GitHub's number of the org, which stays when its name changes hands: "7" and
  /// "7/team-slug". Empty of other providers, and of older hubs.
  std::vector<std::string> group_ids{};
  Role role = Role::kViewer;
  std::int64_t issued_at = 0;   ///< Seconds since 1970.
  std::int64_t expires_at = 0;  ///< Seconds since 1970.
  bool operator==(const Assertion&) const = default;
};

/// Signs `assertion`, whose key_id must be that of `key`. Groups that do not fit are left out, from
/// the end and numbers before names; a long name is cut. kInvalid: another field is too long or
/// empty.
Result<std::string> MakeAssertion(const Assertion& assertion, const Ed25519PrivateKey& key);

/// What an agent demands of an assertion.
struct AssertionDemand {
  std::string_view audience;
  std::string_view tunnel;
  WallTime now;
};

/// The public key of that id if it is trusted, else null.
using KeyLookup = std::function<const Ed25519PublicKey*(std::string_view id)>;

/// Reads and checks `text`. kInvalid: it is not one; kUnauthorized: signed by nobody we trust;
/// kForbidden: of another instance or tunnel; kTimeout: expired, or not valid yet. The message says
/// what is wrong in words for the log.
Result<Assertion> VerifyAssertion(std::string_view text, const AssertionDemand& demand,
                                  const KeyLookup& find_key);

/// Whether an assertion that was verified before is still within its time.
Result<void> CheckTime(const Assertion& assertion, WallTime now);

/// What an older key of a hub signs about a newer one: that it is the hub's as well.
std::string EndorsementText(const Ed25519PublicKey& newer);

}  // namespace berth::control
