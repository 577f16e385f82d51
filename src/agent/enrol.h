// Enrolling: an agent asks a hub for a token, and waits until a signed-in user has answered.
//
//     Enrolment enrolment(executor, hub_client, place);
//     auto code = co_await enrolment.Ask(request);     // to be shown to the user
//     auto grant = co_await enrolment.Await();         // their answer
//
// Lives on one loop.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/hub_place.h"
#include "base/ed25519.h"
#include "base/executor.h"
#include "base/secret.h"
#include "http/message.h"

namespace boost::json {
class object;
}

namespace berth::agent {

/// What the agent says of itself; shown to the user who answers.
struct EnrolmentRequest {
  std::string machine;
  std::string platform;
  std::string client_id;  ///< The id that the token shall be for.
};

/// What the user needs.
struct EnrolmentCode {
  std::string code;  ///< "XXXX-XXXX".
  std::string url;   ///< Where to type it.
  std::chrono::seconds lifetime{};

  /// The address that has the code in it already.
  std::string url_with_code() const { return url + '#' + code; }
};

struct EnrolmentGrant {
  Secret token;
  std::string token_id;                   ///< For revoking it; not a secret.
  std::string approved_by;                ///< Whose instance it is; "": an older hub says nothing.
  std::vector<std::string> instance_ids;  ///< The only ids it may register; empty: any.
  std::string expires_at;                 ///< ISO 8601; "": never.
  std::vector<Ed25519PublicKey> keys;     ///< The hub's; the newest first, at most 8.
};

class Enrolment {
 public:
  /// `hub` performs exchanges with the hub at `place`. Both references must outlive this object.
  Enrolment(Executor& executor, http::Service& hub, HubPlace place);

  /// Asks for the code. kUnavailable, kTimeout: the hub is away, or wants no more attempts now;
  /// kInvalid: its certificate, or it is no hub that enrols agents.
  Task<Result<EnrolmentCode>> Ask(EnrolmentRequest request);

  /// Asks for the outcome until there is one; a hub that is away meanwhile is waited for. REQUIRES:
  /// Ask() succeeded. kForbidden: a user said no, or the hub, which then says why; kTimeout: nobody
  /// said anything in time; kConflict: the token was handed out, and is lost.
  Task<Result<EnrolmentGrant>> Await();

 private:
  struct Answer;
  Task<Result<Answer>> Post(std::string path, std::string body);
  Task<Result<Answer>> Exchange(std::string path, std::string body);
  static Result<EnrolmentGrant> ReadGrant(const boost::json::object& answer);

  Executor& executor_;
  http::Service& hub_;
  const HubPlace place_;
  Secret device_secret_;
  std::chrono::seconds interval_{};
  TimePoint end_;
};

}  // namespace berth::agent
