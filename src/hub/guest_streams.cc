#include "hub/guest_streams.h"

#include <utility>

namespace berth::hub {

std::shared_ptr<const void> GuestStreams::Enter(std::string_view instance_id,
                                                std::shared_ptr<const void> guard) {
  const auto found = counts_.find(instance_id);
  auto count = found == counts_.end() ? nullptr : found->second.lock();
  if (!count) {
    std::erase_if(counts_, [](const auto& entry) { return entry.second.expired(); });
    count = std::make_shared<std::size_t>(0);
    counts_.insert_or_assign(std::string(instance_id), count);
  }
  if (*count >= limits_.tunnel_streams / 2) return nullptr;
  ++*count;
  const void* const place = count.get();
  return {place, [count = std::move(count), guard = std::move(guard)](const void*) { --*count; }};
}

}  // namespace berth::hub
