#include "identity/denials.h"

#include "base/log.h"

namespace berth::identity {
namespace {

constexpr Duration kQuiet = std::chrono::minutes(1);
/// Beyond it nothing is recorded until a minute has passed for one of them: the names of instances
/// that do not exist are the caller's to choose.
constexpr std::size_t kMaxRemembered = 4096;

}  // namespace

bool Denials::IsNews(std::int64_t user_id, std::string_view instance_id, std::string_view reason) {
  const TimePoint now = executor_.now();
  const Key key(user_id, ForLog(instance_id), reason);
  const auto place = last_.find(key);
  if (place != last_.end() && now < place->second + kQuiet) return false;
  if (place == last_.end() && last_.size() >= kMaxRemembered) {
    std::erase_if(last_, [now](const auto& entry) { return now >= entry.second + kQuiet; });
    if (last_.size() >= kMaxRemembered) return false;
  }
  last_[key] = now;
  return true;
}

}  // namespace berth::identity
