// Groups: which org or team a name stands for.
//
// GitHub lets others take the name of an org after it was renamed or deleted, so that a share with
// one is for its number (User::group_ids). A name is turned into its number by what GitHub last
// said of the people on this hub. Groups of other providers have no numbers. Lives on one loop.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "identity/people.h"
#include "store/shares.h"

namespace berth::identity {

/// What the name of an org, or of a team of one, stands for where `user` is a member of that org:
/// "7" or "7/team-slug". "": they are in none of that name, or it has no number.
std::string GroupIdOf(const store::User& user, std::string_view group);

/// The same by what everybody on the hub is in, `sharer` before all others; "" for a name that only
/// OpenID Connect can give ("oidc:NAME"). kConflict: nobody here is in such an org, or they know
/// different ones by that name.
Result<std::string> FindGroup(const People& people, const store::User& sharer,
                              std::string_view group);

/// Whether the numbers of all who are in GitHub's orgs are known. They were not kept at first, and
/// until everybody has been looked at again a share with a name must not become one with a number.
bool AreGroupIdsKnown(const People& people);

/// Whether `user` is in the group that the share is for.
bool IsInGroup(const store::User& user, const store::ShareRow& share);

}  // namespace berth::identity
