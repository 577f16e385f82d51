#include "identity/rate_limiter.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"

namespace berth::identity {
namespace {

constexpr Duration kWindow = std::chrono::minutes(1);
constexpr Duration kFirstLock = std::chrono::minutes(1);
constexpr Duration kLongestLock = std::chrono::hours(1);

}  // namespace

std::string RateLimitKey(std::string_view address) {
  const std::string text(address.substr(0, 64));
  std::array<std::byte, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  in6_addr parsed;
  std::memcpy(&parsed, bytes.data(), bytes.size());
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) {
    std::array<char, INET_ADDRSTRLEN> v4{};
    ::inet_ntop(AF_INET, &bytes[12], v4.data(), v4.size());
    return v4.data();
  }
  return HexEncode(std::span(bytes).first(8));
}

RateLimiter::RateLimiter(Executor& executor, std::string_view what,
                         std::uint64_t attempts_per_minute, std::size_t max_addresses)
    : executor_(executor),
      what_(what),
      attempts_per_minute_(std::max<std::uint64_t>(attempts_per_minute, 1)),
      max_addresses_(std::max<std::size_t>(max_addresses, 1)) {}

RateLimiter::Entry* RateLimiter::Find(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return &order_.front();
}

std::optional<std::chrono::seconds> RateLimiter::Check(std::string_view address) {
  const Entry* entry = Find(RateLimitKey(address));
  if (entry == nullptr || executor_.now() >= entry->locked_until) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(entry->locked_until - executor_.now());
}

void RateLimiter::Count(std::string_view address) {
  const TimePoint now = executor_.now();
  std::string key = RateLimitKey(address);
  Entry* entry = Find(key);
  if (entry == nullptr) {
    if (order_.size() >= max_addresses_) {
      entries_.erase(order_.back().key);
      order_.pop_back();
    }
    order_.push_front(Entry{.key = std::move(key), .window_end = now, .locked_until = now});
    entry = &order_.front();
    entries_.emplace(entry->key, order_.begin());
  }
  if (now < entry->locked_until) return;
  if (now >= entry->window_end) {
    entry->attempts = 0;
    entry->next_lock = Duration::zero();
    entry->window_end = now + kWindow;
  }
  if (++entry->attempts < attempts_per_minute_) return;
  const Duration lock = std::max(entry->next_lock, kFirstLock);
  entry->locked_until = now + lock;
  LogWarn("too many {} from {}: refused for {} s", what_, ForLog(address),
          std::chrono::ceil<std::chrono::seconds>(lock).count());
  // From here on each attempt locks again, for longer, until the address was quiet for as long as
  // it was locked.
  entry->window_end = entry->locked_until + lock;
  entry->next_lock = std::min(lock * 2, kLongestLock);
}

std::optional<std::chrono::seconds> RateLimiter::Attempt(std::string_view address) {
  const auto wait = Check(address);
  if (!wait) Count(address);
  return wait;
}

}  // namespace berth::identity
