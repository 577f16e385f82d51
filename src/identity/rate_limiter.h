// RateLimiter: slows down guessing, per address.
//
// So many attempts a minute pass; the next one locks the address out for a minute, then, while the
// attempts go on, for two, four, up to an hour. An address that stays quiet starts afresh. What is
// counted is the caller's choice: each sign-in attempt, or each bad token. Each lock is a line of
// the log; what it refuses need not be. Lives on one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/executor.h"

namespace berth::identity {

class RateLimiter {
 public:
  /// `what` is counted, for the log; a literal. `attempts_per_minute`: at least 1. Beyond
  /// `max_addresses` the one heard of longest ago is forgotten. `executor` must outlive this
  /// object.
  RateLimiter(Executor& executor, std::string_view what, std::uint64_t attempts_per_minute,
              std::size_t max_addresses = 10'000);

  /// Nothing if this address may try; else the seconds to wait (for Retry-After), at least 1.
  /// `address` is a textual IP address; all of an IPv6 /64 count as one.
  std::optional<std::chrono::seconds> Check(std::string_view address);
  /// Counts an attempt. Attempts while locked out do not make it longer.
  void Count(std::string_view address);
  /// Check, and Count if it may.
  std::optional<std::chrono::seconds> Attempt(std::string_view address);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::uint64_t attempts = 0;
    TimePoint window_end;    ///< The count starts afresh then.
    TimePoint locked_until;  ///< Before now: not locked.
    Duration next_lock{};    ///< How long the next lock is; zero until the first.
  };
  using Order = std::list<Entry>;  ///< Most recently heard of first.

  Entry* Find(const std::string& key);

  Executor& executor_;
  const std::string_view what_;
  const std::uint64_t attempts_per_minute_;
  const std::size_t max_addresses_;
  Order order_;
  std::unordered_map<std::string_view, Order::iterator> entries_;  ///< Keys: views of Entry::key.
};

/// What RateLimiter counts `address` as: IPv4 (also when mapped into IPv6) whole, IPv6 by its /64,
/// anything else as it is.
std::string RateLimitKey(std::string_view address);

}  // namespace berth::identity
