// Denials: which refusals are news for the audit log. A page that is refused asks again and again;
// one line a minute for each user, instance and reason tells as much. Lives on one loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/executor.h"

namespace berth::identity {

class Denials {
 public:
  /// `executor` must outlive this object.
  explicit Denials(Executor& executor) : executor_(executor) {}

  /// Whether to record this one.
  bool IsNews(std::int64_t user_id, std::string_view instance_id, std::string_view reason);

 private:
  using Key = std::tuple<std::int64_t, std::string, std::string>;

  Executor& executor_;
  std::map<Key, TimePoint> last_;
};

}  // namespace berth::identity
