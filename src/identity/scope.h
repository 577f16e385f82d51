// Scope: what an API token may be used for. A token has some of them; a route of the API names the
// one that it takes. The names are what users choose from and what the database keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace berth::identity {

enum class Scope : std::uint8_t {
  kProfileRead,     ///< Who the token acts for.
  kInstancesRead,   ///< Lists instances.
  kInstancesWrite,  ///< Sends their agents away; answers what their sessions ask.
  kTokensRead,      ///< Lists agent tokens.
  kTokensWrite,     ///< Makes and revokes agent tokens; answers enrolments.
  kSharesRead,
  kSharesWrite,  ///< Gives others access to one's instances, and takes it back.
  kPeopleRead,
  kPeopleWrite,   ///< Changes roles; for owners of the hub.
  kSessionsRead,  ///< Lists one's own sessions.
  kSessionsWrite,
  kAuditRead,
  kNotificationsRead,   ///< Lists where one is told of events.
  kNotificationsWrite,  ///< Changes that.
};

/// "instances:read" and so on.
std::string_view ToString(Scope scope);
/// The scope of exactly that name.
std::optional<Scope> ParseScope(std::string_view name);
/// All of them, in the order in which they are shown.
std::span<const Scope> AllScopes();

}  // namespace berth::identity
