// The token that an enrolment left on this machine: kept by `berth agent enroll`, found by
// `berth agent` when it is given none.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace berth::agent {

/// Which agent a token is for: an instance's id at a hub.
struct EnrolledAs {
  std::filesystem::path state;  ///< StateBase(), or a test's.
  std::string hub_url;
  std::string client_id;
};

struct EnrolledToken {
  std::string client_id;
  Secret token;
};

/// Where it is kept.
std::filesystem::path EnrolledTokenFile(const EnrolledAs& as);

/// Keeps it, for this user alone; the one before is gone. Blocks.
Result<void> KeepEnrolledToken(const EnrolledAs& as, const Secret& token);

/// The token for `as`. If its id was not chosen by the user (`is_default_id`) and has none, that of
/// the only id that has one for this hub. kNotFound: there is none; kConflict: there are several
/// others, which the message names; kForbidden: others could read it. Blocks.
Result<EnrolledToken> FindEnrolledToken(const EnrolledAs& as, bool is_default_id);

}  // namespace berth::agent
