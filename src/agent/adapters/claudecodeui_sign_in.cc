#include "agent/adapters/claudecodeui_sign_in.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "agent/adapters/jwt.h"
#include "agent/adapters/password_file.h"
#include "agent/json_request.h"
#include "base/json.h"
#include "base/log.h"

namespace berth::agent {
namespace {

constexpr std::chrono::minutes kTokenLifetime{60};
constexpr std::chrono::minutes kRenewBefore{30};
constexpr Duration kFirstReadWait = std::chrono::seconds(5);
constexpr Duration kMinReload = std::chrono::seconds(1);  // Between readings that refusals cause.
constexpr Duration kChangeCheck = std::chrono::seconds(10);  // Between looks at the database file.
constexpr Duration kCreateRetry = std::chrono::milliseconds(500);
constexpr int kCreateAttempts = 5;
constexpr std::string_view kCreatedUser = "admin";

}  // namespace

SignIn::SignIn(AdapterContext context, SignInOptions options)
    : context_(context), options_(std::move(options)), loaded_(context.executor) {}

Task<std::string> SignIn::Token() {
  const bool is_due = has_key_ && options_.wall_clock() >= renew_at_;
  if (is_due) Mint();
  if (!token_.empty()) {
    CheckForChanges();
    co_return token_;
  }
  // A request while there is nothing: look again, but not for each of a page's thirty.
  if (context_.executor.now() - loaded_at_ >= kMinReload || loaded_at_ == TimePoint()) StartLoad();
  if (is_loading_) {
    auto waited = co_await WithDeadline(context_.executor, kFirstReadWait,
                                        "read the instance's database", UntilSet(loaded_));
    (void)waited;  // Late or not, what there is now is the answer.
  }
  co_return token_;
}

Task<bool> SignIn::Replace(std::string refused) {
  if (token_ != refused) co_return !token_.empty();  // Somebody else was quicker.
  if (!has_key_) token_.clear();                     // An adopted token is used up.
  if (!is_loading_ && context_.executor.now() - loaded_at_ < kMinReload) co_return false;
  StartLoad();
  auto waited = co_await WithDeadline(context_.executor, kFirstReadWait,
                                      "read the instance's database", UntilSet(loaded_));
  if (!waited) co_return false;
  co_return !token_.empty() && token_ != refused;
}

void SignIn::Adopt(std::string token, std::string username) {
  if (has_key_ || token.empty()) return;
  token_ = std::move(token);
  username_ = std::move(username);
  Settle(State::kSignedIn, fmt::format("signed in to the instance as {} by its own sign-in form",
                                       ForLog(username_, 60)));
}

void SignIn::StartLoad() {
  if (is_loading_) return;
  is_loading_ = true;
  loaded_.Reset();
  load_ = Job(context_.executor, "read the instance's credential", Load());
}

void SignIn::CheckForChanges() {
  const TimePoint now = context_.executor.now();
  if (!has_key_ || is_loading_ || is_looking_ || now - checked_at_ < kChangeCheck) return;
  checked_at_ = now;
  is_looking_ = true;
  look_ = Job(context_.executor, "look at the instance's database", LookAtDatabase());
}

// On the worker: a home may be on a disk of the network that hangs.
Task<void> SignIn::LookAtDatabase() {
  const FileStamp stamp =
      co_await RunOn(context_.worker, context_.executor,
                     [database = places_.database] { return StampOf(database); });
  is_looking_ = false;
  if (stamp != stamp_) StartLoad();
}

Task<SignIn::Loaded> SignIn::ReadKey() {
  KeyHints hints{.pid = context_.info.pid,
                 .app_root = context_.info.app_root,
                 .home = options_.home,
                 .proc = options_.proc};
  co_return co_await RunOn(context_.worker, context_.executor, [hints = std::move(hints)] {
    KeyPlaces places = FindKeyPlaces(hints);
    const FileStamp stamp = StampOf(places.database);  // Before reading: a change is seen again.
    auto key = ReadInstanceKey(places);
    return Loaded{std::move(places), std::move(key), stamp};
  });
}

Task<void> SignIn::Load() {
  Loaded loaded = co_await ReadKey();
  const bool is_fresh = !loaded.key && loaded.key.error().kind == ErrorKind::kNotFound;
  if (is_fresh && options_.create_user && context_.info.is_loopback()) {
    auto created = co_await CreateUser();
    if (created) {
      loaded = co_await ReadKey();
    } else {
      LogWarn("create the instance's first user: {}", ForLog(created.error().message));
    }
  }
  places_ = loaded.places;
  stamp_ = loaded.stamp;
  api_key_ = loaded.places.api_key.value_or("");
  if (loaded.key) {
    co_await TakeKey(std::move(*loaded.key));
  } else {
    const bool had_key = std::exchange(has_key_, false);
    const bool has_no_user = loaded.key.error().kind == ErrorKind::kNotFound;
    if (had_key && has_no_user) token_.clear();
    if (token_.empty() && has_no_user) {
      Settle(State::kNoUser, "the instance has no user yet: open it to make the first one");
    } else if (token_.empty()) {
      Settle(State::kFailed,
             fmt::format("cannot sign in to the instance: {}; sign in by hand in its page",
                         ForLog(loaded.key.error().message)));
    }
  }
  loaded_at_ = checked_at_ = context_.executor.now();
  is_loading_ = false;
  loaded_.Set();
}

// A token that a user signed in for may be replaced meanwhile only by what is known to be better.
Task<void> SignIn::TakeKey(InstanceKey key) {
  const std::string minted = MintFrom(key);
  if (token_.empty()) token_ = minted;
  auto verified = co_await VerifyToken(minted);
  const bool is_adopted = !has_key_ && !token_.empty() && token_ != minted;
  const bool is_refused = !verified && verified.error().kind == ErrorKind::kUnauthorized;
  if (!verified && is_adopted) co_return;
  if (is_refused) {
    has_key_ = false;
    token_.clear();
    Settle(State::kFailed,
           fmt::format("the instance refuses the token made from {}: it is the database of "
                       "another instance, or the secret is set elsewhere; sign in by hand in "
                       "its page",
                       places_.database.string()));
    co_return;
  }
  key_ = std::move(key);
  has_key_ = true;
  username_ = key_.username;
  Mint();
  if (verified) {
    Settle(State::kSignedIn, fmt::format("signed in to the instance as {}", ForLog(username_, 60)));
  } else {
    state_ = State::kSignedIn;  // The instance is away: the token is good as far as we know.
  }
}

Task<Result<void>> SignIn::CreateUser() {
  const auto folder = options_.state_folder;
  const auto random = options_.random;
  auto password = co_await RunOn(context_.worker, context_.executor,
                                 [folder, random] { return KeepPassword(folder, random); });
  if (!password) co_return password.error();
  const std::string body = boost::json::serialize(
      boost::json::object{{"username", kCreatedUser}, {"password", *password}});

  // The instance answers 500 when somebody else registers at the same moment.
  Result<JsonAnswer> answer = Unavailable("not asked yet");
  for (int attempt = 0; attempt < kCreateAttempts; ++attempt) {
    if (attempt > 0) co_await Sleep(context_.executor, kCreateRetry);
    JsonQuestion question{.method = "POST", .target = "/api/auth/register", .api_key = api_key_};
    question.body = body;
    answer =
        co_await AskJson(context_.executor, context_.instance, context_.info, std::move(question));
    if (answer && answer->status < 500) break;
  }
  if (!answer) co_return answer.error();
  // Somebody else was quicker: use that user.
  if (answer->status == 403 && !answer->value.is_null()) co_return Ok();
  if (answer->status >= 300) {
    co_return Unavailable(fmt::format("the instance answered {}", answer->status));
  }
  LogInfo("created the instance's first user, {}; its password is in {}", kCreatedUser,
          PasswordFile(options_.state_folder).string());

  const auto* said = answer->value.if_object();
  const std::string_view token = said ? StringMember(*said, "token") : "";
  if (token.empty()) co_return Ok();
  JsonQuestion finish{.method = "POST",
                      .target = "/api/user/complete-onboarding",
                      .token = std::string(token),
                      .api_key = api_key_};
  auto finished =
      co_await AskJson(context_.executor, context_.instance, context_.info, std::move(finish));
  if (!finished || finished->status >= 300) {
    LogInfo("this version of the instance will ask its set-up questions itself");
  }
  co_return Ok();
}

Task<Result<void>> SignIn::VerifyToken(std::string token) {
  JsonQuestion question{.target = "/api/auth/user", .token = std::move(token), .api_key = api_key_};
  auto answer =
      co_await AskJson(context_.executor, context_.instance, context_.info, std::move(question));
  if (!answer) co_return answer.error();
  // A proxy's page says nothing of the token.
  const bool is_instance = !answer->value.is_null();
  if (is_instance && (answer->status == 401 || answer->status == 403)) {
    co_return Unauthorized("token refused");
  }
  if (answer->status != 200) {
    co_return Unavailable(fmt::format("the instance answered {}", answer->status));
  }
  co_return Ok();
}

std::string SignIn::MintFrom(const InstanceKey& key) const {
  return MintToken(key.secret, key.user_id, key.username, options_.wall_clock(), kTokenLifetime);
}

void SignIn::Mint() {
  token_ = MintFrom(key_);
  renew_at_ = options_.wall_clock() + kTokenLifetime - kRenewBefore;
}

void SignIn::Settle(State state, std::string line) {
  const State before = std::exchange(state_, state);
  // Once: what is found again and refuses us still is left alone.
  if (before == State::kSignedIn && state == State::kFailed && on_lost_) on_lost_();
  if (line == said_) return;
  said_ = std::move(line);
  if (state == State::kFailed) {
    LogWarn("{}", said_);
  } else {
    LogInfo("{}", said_);
  }
}

}  // namespace berth::agent
