// Sessions: browsers that are signed in.
//
// All of them are kept in memory over the store, so that checking a request costs a look-up and one
// SHA-256. Whatever grants access is written before it counts; whatever ends it counts at once and
// is then written, again and again if the disk fails. The time of the last use is written back each
// minute. A child session opens one instance at that instance's own origin; using it keeps its
// parent alive, and it ends with its parent.
//
// Lives on one loop, together with everything that holds one of its sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/event.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/wall_clock.h"
#include "identity/access.h"
#include "store/sessions.h"
#include "store/store.h"

namespace berth::identity {

/// One session, shared by the table and by the exchanges that it let in.
struct Session {
  Session(Executor& executor, const store::SessionRow& row);

  const std::string id;  ///< Not a secret.
  const std::int64_t user_id;
  const std::string parent_id;    ///< "" unless it is a child.
  const std::string instance_id;  ///< "" unless it is a child: the one instance it opens.
  const WallTime created_at;
  WallTime expires_at;  ///< However much it is used; sooner, should the clock have been ahead.
  const std::string address;
  const std::string user_agent;
  /// Of a child: what its user was to the instance at the last request. What it let in may do as
  /// much, so the session ends when its user becomes less.
  mutable std::optional<InstanceRole> used_as = {};
  /// Set by what its browser sends on a WebSocket or in a long request: a use, which the next
  /// EndExpired() or Flush() takes note of, so that marking it costs nothing.
  mutable bool was_used = false;
  /// Set when the session ends, for whatever reason:
  /// `co_await WithCancel(session->ended, Pump(...))`.
  mutable Event ended;
};
using SessionPtr = std::shared_ptr<const Session>;

/// What is known of a browser that signs in.
struct NewSession {
  std::int64_t user_id = 0;
  std::string address = {};     ///< Its IP address.
  std::string user_agent = {};  ///< As sent; cut to 256 bytes.
};

/// A new session and the value of its cookie, which nobody can read again.
struct CreatedSession {
  SessionPtr session;
  Secret cookie;
};

/// One row of the list of sessions.
struct SessionListing {
  SessionPtr session;
  WallTime last_used_at;
};

/// Whether a request is a use of its session: one that a page makes by itself, time and again, is
/// not, or a page left open would keep its session for ever.
enum class Use { kCounts, kIsNone };

class Sessions {
 public:
  /// Everything handed in must outlive this object. `limits`: session_idle, session_absolute.
  Sessions(Executor& executor, store::Store& store, const Limits& limits, WallClock clock,
           RandomSource random);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  /// Brings memory in line with the store: at the start, and after another process changed it.
  /// Sessions that are gone end. After a failure everything is as it was.
  Task<Result<void>> Reload();

  /// The session of a browser that presents this cookie value, or null. For the hub's own pages;
  /// a child's cookie opens nothing here.
  SessionPtr Authenticate(std::string_view cookie_value, Use use = Use::kCounts);
  /// The same at an instance's origin: only that instance's children count.
  SessionPtr AuthenticateChild(std::string_view cookie_value, std::string_view instance_id,
                               Use use = Use::kCounts);

  /// Signs a user in: a new session with a new id, and a mark on the user's row.
  /// kUnauthorized: there is no such user, or all of its sessions were ended meanwhile.
  Task<Result<CreatedSession>> Create(NewSession request);
  /// A child of `parent` for one instance. kUnauthorized: the parent ended meanwhile.
  Task<Result<CreatedSession>> CreateChild(SessionPtr parent, std::string instance_id);

  /// Ends the session and its children at once, then writes it. kUnavailable: they are ended, and
  /// it will be written later, unless the process dies before. Success if there is none.
  Task<Result<void>> Revoke(std::string id);
  /// The same for all sessions of a user but `except` (and its children).
  Task<Result<void>> RevokeAllOf(std::int64_t user_id, std::string except = "");

  /// Ends at once all sessions that `is_over` says, and their children; Flush() writes it.
  void EndIf(const std::function<bool(const Session&)>& is_over);

  /// The user's sessions without children, the most recently used first.
  std::vector<SessionListing> List(std::int64_t user_id) const;
  /// The living session of that id, or null.
  SessionPtr Find(std::string_view id) const;
  /// Whether somebody ended that session, which is not written yet.
  bool WasEnded(std::string_view id) const;

  /// Ends what has expired. Cheap; to be called about twice a second.
  void EndExpired();
  /// Writes what is not written yet: times of use, and ends that failed to be written.
  Task<Result<void>> Flush();

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    Sha256Digest secret_hash{};
    WallTime last_used_at;
    bool is_dirty = false;  ///< The store has other times.
    std::set<std::string> children;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Entries = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

  /// What was told to a session's browser goes on where nobody ended it.
  enum class Ending { kByHand, kExpired };

  Entry* Check(std::string_view cookie_value, WallTime now);
  Entry* FindEntry(std::string_view id);
  void MarkUsed(Entry& entry, WallTime now);
  void NoteUses(WallTime now);
  /// Lowers times that lie further ahead than a use now would put them: the clock was set back.
  void Bound(Entry& entry, WallTime now);
  bool IsExpired(const Entry& entry, WallTime now) const;
  WallTime DueOf(const Entry& entry) const;
  void Insert(std::shared_ptr<Session> session, const store::SessionRow& row);
  void End(std::string id, Ending how);
  void Replace(std::vector<store::SessionRow> rows);
  Task<Result<CreatedSession>> Save(store::SessionRow row, Secret cookie);

  Executor& executor_;
  store::Store& store_;
  const Limits& limits_;
  const WallClock clock_;
  const RandomSource random_;
  Entries entries_;
  std::set<std::shared_ptr<Session>> saving_;  ///< Being written; one that ends never gets in.
  WallTime next_due_;                          ///< Nothing expires before this.
  std::map<std::string, Ending, std::less<>> unwritten_;  ///< Ended; their rows may still be there.
};

}  // namespace berth::identity
