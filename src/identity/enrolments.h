// Enrolments: agents that ask to be let in, until a signed-in user says yes or no.
//
// The agent holds a device secret and asks for the outcome with it; a person carries the short user
// code from the agent's terminal to the hub's page. What they approve is the machine's description
// that belongs to that code. Enrolments live minutes and in memory only: a hub that restarts
// forgets them, and the agent asks anew. Lives on one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/wall_clock.h"
#include "identity/agent_tokens.h"

namespace berth::identity {

/// What an agent says of itself, and where it says it from. None of it is verified but `address`.
struct EnrolmentRequest {
  std::string machine;        ///< 1 to 100 bytes without control characters.
  std::string instance_id;    ///< A host label.
  std::string agent_version;  ///< At most 100 bytes, likewise.
  std::string platform;       ///< Likewise.
  std::string address;        ///< Of the connection.
};

/// What a user approves it as.
struct EnrolmentGrant {
  std::int64_t user_id = 0;  ///< Who approved it, and will own the token.
  AgentTokenTerms terms = {};
};

/// A new enrolment, for the agent.
struct StartedEnrolment {
  Secret device_secret;   ///< Not a token: good for Poll() only.
  std::string user_code;  ///< "XXXX-XXXX".
  WallTime expires_at;
};

/// A pending enrolment, for the user who has its code.
struct PendingEnrolment {
  std::string user_code;
  EnrolmentRequest request = {};
  WallTime created_at;
  WallTime expires_at;
};

/// The answer to an agent.
struct EnrolmentAnswer {
  enum class Kind {
    kPending,   ///< Nobody has said anything yet.
    kDenied,    ///< A user said no. The enrolment is forgotten.
    kExpired,   ///< Its time is over, or it was not here.
    kApproved,  ///< `grant` holds. The caller makes the token: then Settle(), or Restore().
    kTaken,     ///< `token_id` was handed out; its text is never told again.
    kTooFast,   ///< Asked again before the interval was over.
  };
  Kind kind = Kind::kExpired;
  std::optional<EnrolmentGrant> grant = {};
  EnrolmentRequest request = {};  ///< With `grant`.
  std::string token_id = {};
  bool is_known = false;  ///< The secret was that of an enrolment, be it over.
};

class Enrolments {
 public:
  /// `limits` must outlive this object.
  Enrolments(const Limits& limits, WallClock clock, RandomSource random);

  /// A new enrolment. Many at once push out the oldest. kInvalid: the request.
  Result<StartedEnrolment> Start(EnrolmentRequest request);

  /// What became of the enrolment whose device secret this is.
  EnrolmentAnswer Poll(std::string_view device_secret);
  /// The token for an enrolment that Poll() answered with kApproved is made. Until then it counts
  /// as pending for whoever asks again.
  void Settle(std::string_view device_secret, std::string token_id);
  /// Makes an enrolment that Poll() answered with kApproved available to the next Poll() again: its
  /// token could not be made.
  void Restore(std::string_view device_secret);

  /// The pending enrolment with this code, however it is typed (case, spaces, dashes). kNotFound:
  /// there is none (any more). Guessing is for the caller to limit.
  Result<PendingEnrolment> Find(std::string_view typed_code);
  /// Answers it. kNotFound as Find(). Returns what was answered.
  Result<PendingEnrolment> Approve(std::string_view typed_code, EnrolmentGrant grant);
  Result<PendingEnrolment> Deny(std::string_view typed_code);

  /// How long an agent waits between two questions.
  std::chrono::milliseconds interval() const { return limits_.enrolment_interval; }

 private:
  struct Enrolment {
    Sha256Digest secret_hash{};
    std::string user_code;
    EnrolmentRequest request = {};
    WallTime created_at;
    WallTime expires_at;
    std::optional<WallTime> polled_at = {};
    enum class State { kPending, kApproved, kDenied, kTaken } state = State::kPending;
    EnrolmentGrant grant = {};
    std::string token_id = {};  ///< Once it is taken and the token made.
  };

  void DropOld(WallTime now);
  Enrolment* FindByCode(std::string_view typed_code);
  Enrolment* FindBySecret(std::string_view device_secret);

  const Limits& limits_;
  const WallClock clock_;
  const RandomSource random_;
  std::unordered_map<std::string, Enrolment> enrolments_;     ///< By the secret's id.
  std::unordered_map<std::string, std::string> ids_by_code_;  ///< Of those above.
  std::deque<std::string> by_age_;  ///< Ids, the oldest first; forgotten ones too until their time.
};

/// The eight letters of a code as somebody typed it, in upper case; "" if it can be none.
std::string NormalizeUserCode(std::string_view typed);

}  // namespace berth::identity
