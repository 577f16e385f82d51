// The credential of a claudecodeui instance: found, minted, renewed, and made where there is none.
//
// The usual way reads the instance's database and signs a token for its first active user; nothing
// is written there. Where that cannot be read, the token of a sign-in that passes through the agent
// is kept instead (Adopt). The token stays in this process: browsers get a placeholder.
// Lives on the loop; files and SQLite are read on the Worker.
#pragma once

#include <functional>
#include <string>

#include "agent/adapter.h"
#include "agent/adapters/claudecodeui_key.h"
#include "base/event.h"
#include "base/random.h"
#include "base/task_group.h"
#include "base/wall_clock.h"

namespace berth::agent {

struct SignInOptions {
  /// Home of whoever runs the instance, unless that says otherwise.
  std::filesystem::path home{};
  std::filesystem::path proc = "/proc";
  /// Whether to create the first user of an instance that has none. Only ever done over loopback.
  bool create_user = true;
  /// Where the password of a created user is kept, readable by the owner alone.
  std::filesystem::path state_folder{};
  WallClock wall_clock = SystemWallClock();
  RandomSource random = SystemRandom();
};

class SignIn {
 public:
  enum class State {
    kUnknown,   ///< Not read yet.
    kSignedIn,  ///< There is a token.
    kNoUser,    ///< The instance is fresh; its own set-up form makes the first user.
    kFailed,    ///< Neither database nor adopted token; see the log.
  };

  SignIn(AdapterContext context, SignInOptions options);

  /// The token for a request now; empty while there is none. Waits only for the first reading.
  Task<std::string> Token();

  /// The instance refused `refused`: reads its database again. True if there is another token now.
  Task<bool> Replace(std::string refused);

  /// Takes over a token that the instance itself gave out. Ignored while we can mint our own; kept
  /// until the instance refuses it or has accepted one of ours.
  void Adopt(std::string token, std::string username);

  /// Reads everything again soon: the instance was started anew, or has got its first user.
  void Reload() { StartLoad(); }

  /// Called when what signed us in does so no more: it may be another instance by now.
  void SetOnLost(std::function<void()> on_lost) { on_lost_ = std::move(on_lost); }

  State state() const { return state_; }
  const std::string& username() const { return username_; }
  std::int64_t user_id() const { return key_.user_id; }
  /// What API_KEY the instance demands, "" if none.
  const std::string& api_key() const { return api_key_; }

 private:
  struct Loaded {
    KeyPlaces places;
    Result<InstanceKey> key;
    FileStamp stamp;
  };

  void StartLoad();
  Task<void> Load();
  Task<Loaded> ReadKey();
  Task<Result<void>> CreateUser();
  Task<void> TakeKey(InstanceKey key);
  Task<Result<void>> VerifyToken(std::string token);
  void CheckForChanges();
  Task<void> LookAtDatabase();
  std::string MintFrom(const InstanceKey& key) const;
  void Mint();
  void Settle(State state, std::string line);

  AdapterContext context_;
  SignInOptions options_;
  std::function<void()> on_lost_;
  State state_ = State::kUnknown;
  std::string said_;  // The last line about our state, so that it is logged once.
  InstanceKey key_;
  bool has_key_ = false;  // The token is minted from key_; else it is adopted or on trial.
  KeyPlaces places_;
  FileStamp stamp_;
  std::string token_;
  std::string username_;
  std::string api_key_;
  WallTime renew_at_{};
  TimePoint loaded_at_{};
  TimePoint checked_at_{};
  bool is_loading_ = false;
  bool is_looking_ = false;  // At the database file.
  Event loaded_;
  Job look_;  // These last: destroyed first.
  Job load_;
};

}  // namespace berth::agent
