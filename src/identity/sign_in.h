// SignIn: signing in with a provider, from the button to the person in the database.
//
// Begin() sends the browser off, Finish() takes it back: state, code, who it is, what the policy
// says. A person is known by provider and subject alone; nobody ever becomes somebody else because
// their names are alike. Lives on one loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "identity/context.h"
#include "identity/identity.h"
#include "identity/membership.h"
#include "identity/sign_in_options.h"
#include "identity/sign_in_provider.h"
#include "identity/sign_in_states.h"

namespace berth::identity {

/// A way to sign in begins at kSignInRoot and its name; its provider leads back to that and
/// kSignInReturn.
inline constexpr std::string_view kSignInRoot = "/auth/";
inline constexpr std::string_view kSignInReturn = "/callback";

/// A sign-in that begins: where to send the browser, and what to give it along.
struct SignInStart {
  std::string location;
  Secret browser;  ///< The value of its cookie.
};

/// What the browser came back with.
struct SignInReturn {
  std::string state = {};
  std::string browser = {};  ///< The value of its cookie; "" without one.
  std::string code = {};     ///< "": the provider, or the user there, said no.
  std::string address = {};
};

/// How it ended.
struct SignInEnd {
  /// Null: the policy does not admit them. An error: it does, but the database does not take them.
  Result<PersonPtr> person = nullptr;
  std::string who;   ///< For telling them: their name at the provider, and their id.
  std::string next;  ///< Where they wanted to go.
};

class SignIn {
 public:
  /// `identity` and `web` must outlive this object. `public_url` has no trailing slash; `options`
  /// says which providers there are; `web` may be null if there are none. kInvalid: the options.
  static Result<std::unique_ptr<SignIn>> Create(const Context& with, Identity& identity,
                                                http::Web* web, const SignInOptions& options,
                                                std::string public_url);

  /// To be awaited before anything else. kConflict: the people in this database are of another
  /// provider than the options say.
  Task<Result<void>> Load();
  /// Runs for ever; a Job of whoever owns this object: looks at everybody again and again.
  Task<void> Maintain() { return checks_.Run(); }

  /// In the order in which they are offered.
  const Providers& providers() const { return providers_; }

  /// kNotFound: no such provider; anything else: it does not answer.
  Task<Result<SignInStart>> Begin(std::string provider, std::string next);
  /// kNotFound: no such provider; kInvalid: the state is unknown, used, too old or another
  /// browser's; kCancelled: no code; kUnauthorized: the code is not good; kInternal: the hub
  /// failed; kUnavailable and others: the provider does not answer usefully.
  Task<Result<SignInEnd>> Finish(std::string provider, SignInReturn request);

 private:
  SignIn(const Context& with, Identity& identity, std::string public_url, Providers providers);

  SignInProvider* Find(std::string_view name) const;
  std::string RedirectUri(std::string_view name) const;
  Task<Result<void>> CheckHome(SignInProvider& provider);

  store::Store& store_;
  Identity& identity_;
  const Sealer& sealer_;
  const std::string public_url_;
  const Providers providers_;
  SignInStates states_;
  MembershipChecks checks_;
};

}  // namespace berth::identity
