#include "identity/sign_in.h"

#include <algorithm>

#include "identity/github.h"
#include "identity/oidc.h"
#include "store/meta.h"

namespace berth::identity {
namespace {

/// For somebody who is not on the list, so that they can ask to be put there.
std::string WhoIs(const VerifiedPerson& person) {
  const std::string& login = person.profile.login;
  if (login == person.subject) return login;
  return fmt::format("{} ({})", login, person.subject);
}

}  // namespace

Result<std::unique_ptr<SignIn>> SignIn::Create(const Context& with, Identity& identity,
                                               http::Web* web, const SignInOptions& options,
                                               std::string public_url) {
  Providers providers;
  if (!options.github.client_id.empty()) {
    auto github = GitHub::Create(with.executor, *web, with.store, options.github);
    if (!github) return std::move(github).error();
    providers.push_back(std::move(*github));
  }
  if (!options.oidc.issuer.empty()) {
    providers.push_back(std::make_unique<Oidc>(with.executor, *web, with.clock, options.oidc));
  }
  return std::unique_ptr<SignIn>(
      new SignIn(with, identity, std::move(public_url), std::move(providers)));
}

SignIn::SignIn(const Context& with, Identity& identity, std::string public_url, Providers providers)
    : store_(with.store),
      identity_(identity),
      sealer_(with.sealer),
      public_url_(std::move(public_url)),
      providers_(std::move(providers)),
      states_(with.limits.sign_in_lifetime, with.clock, with.random),
      checks_(with, identity, providers_) {}

Task<Result<void>> SignIn::Load() {
  for (const auto& provider : providers_) {
    auto home = co_await CheckHome(*provider);
    if (!home) co_return home;
    auto loaded = co_await provider->Load();
    if (!loaded) co_return loaded;
  }
  co_return Ok();
}

// Subjects are unique at one provider only: number 1 of another GitHub is somebody else.
Task<Result<void>> SignIn::CheckHome(SignInProvider& provider) {
  const std::string name(provider.name());
  const std::string home = provider.home();
  const auto people = identity_.people().List();
  const bool has_people = std::ranges::any_of(
      people, [&name](const PersonPtr& person) { return person->provider == name; });
  co_return co_await store_.Run(
      [name, home, has_people](store::Database& database) -> Result<void> {
        const std::string key = "home of " + name;
        auto known = store::ReadMeta(database, key);
        if (!known) return std::move(known).error();
        if (*known == home) return Ok();
        if (*known && has_people) {
          return Conflict(fmt::format(
              "the people in this data folder sign in at {}, not at {}: use another data folder",
              **known, home));
        }
        return store::WriteMeta(database, key, home);
      });
}

SignInProvider* SignIn::Find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      providers_, [name](const auto& provider) { return provider->name() == name; });
  return found == providers_.end() ? nullptr : found->get();
}

std::string SignIn::RedirectUri(std::string_view name) const {
  return fmt::format("{}{}{}{}", public_url_, kSignInRoot, name, kSignInReturn);
}

Task<Result<SignInStart>> SignIn::Begin(std::string provider_name, std::string next) {
  SignInProvider* const provider = Find(provider_name);
  if (provider == nullptr) co_return NotFound("there is no such way to sign in");
  BegunSignIn begun = states_.Begin(provider_name, std::move(next));
  AuthorizeRequest request{.redirect_uri = RedirectUri(provider_name),
                           .state = std::move(begun.state),
                           .challenge = std::move(begun.challenge),
                           .nonce = std::move(begun.nonce)};
  auto location = co_await provider->AuthorizeUrl(std::move(request));
  if (!location) co_return Wrap(std::move(location).error(), provider_name);
  co_return SignInStart{.location = std::move(*location), .browser = std::move(begun.browser)};
}

Task<Result<SignInEnd>> SignIn::Finish(std::string provider_name, SignInReturn request) {
  SignInProvider* const provider = Find(provider_name);
  if (provider == nullptr) co_return NotFound("there is no such way to sign in");
  auto pending = states_.Take(provider_name, request.state, request.browser);
  if (!pending) co_return Invalid("the state is not one that this browser began with");
  if (request.code.empty()) co_return Cancelled("no code");
  CodeRequest code{.code = std::move(request.code),
                   .redirect_uri = RedirectUri(provider_name),
                   .verifier = std::move(pending->verifier),
                   .nonce = std::move(pending->nonce)};
  Credential credential;
  auto verified = co_await provider->Redeem(std::move(code), credential);
  if (!verified) {
    Error error = Wrap(std::move(verified).error(), provider_name);
    identity_.audit().RecordSparsely({.action = audit_action::kSignIn,
                                      .result = audit_result::kFailed,
                                      .address = request.address,
                                      .detail = error.message});
    co_return error;
  }
  SignInEnd end;
  end.who = WhoIs(*verified);
  end.next = std::move(pending->next);
  if (!verified->is_admitted) {
    const PersonPtr known = identity_.people().Find(provider_name, verified->subject);
    identity_.audit().RecordSparsely(
        {.action = audit_action::kSignIn,
         .result = audit_result::kDenied,
         .actor_id = known ? std::optional(known->id) : std::nullopt,
         .actor = verified->profile.login,
         .address = request.address,
         .detail = fmt::format("{}: not on an allow-list: {}", provider_name, end.who)});
    if (known && !known->is_removed) {
      co_await RemovePerson(identity_, known, "no longer on an allow-list");
    }
    co_return end;
  }
  verified->profile.sealed_credential =
      SealCredential(sealer_, provider_name, verified->subject, credential);
  end.person = co_await identity_.Admit(provider_name, std::move(verified->subject),
                                        std::move(verified->profile));
  co_return end;
}

}  // namespace berth::identity
