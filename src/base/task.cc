#include "base/task.h"

#include <array>
#include <new>

namespace berth::task_internal {
namespace {

// Frames up to 2 KiB are kept in free lists of 128-byte steps, at most 256 frames a list, so that a
// thread keeps at most 256 * (128 + 256 + ... + 2048) bytes = 4.25 MiB after a burst.
constexpr std::size_t kStep = 128;
constexpr std::size_t kClasses = 16;
constexpr int kKeptPerClass = 256;

struct FreeLists {
  struct Node {
    Node* next;
  };
  std::array<Node*, kClasses> heads{};
  std::array<int, kClasses> counts{};

  ~FreeLists() {
    for (std::size_t i = 0; i < kClasses; ++i) {
      while (heads[i] != nullptr) ::operator delete(std::exchange(heads[i], heads[i]->next));
      counts[i] = kKeptPerClass;  // Frames freed after this thread's lists are gone go to the heap.
    }
  }
};

thread_local FreeLists lists;

constexpr std::size_t ClassOf(std::size_t size) { return (size + kStep - 1) / kStep - 1; }

}  // namespace

void* AllocateFrame(std::size_t size) {
  const std::size_t index = ClassOf(size);
  if (index >= kClasses) return ::operator new(size);
  if (lists.heads[index] == nullptr) return ::operator new((index + 1) * kStep);
  --lists.counts[index];
  return std::exchange(lists.heads[index], lists.heads[index]->next);
}

void FreeFrame(void* frame, std::size_t size) noexcept {
  const std::size_t index = ClassOf(size);
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
  ::operator delete(frame);  // Keep use-after-free visible.
#else
  if (index >= kClasses || lists.counts[index] >= kKeptPerClass) {
    ::operator delete(frame);
    return;
  }
  ++lists.counts[index];
  lists.heads[index] = new (frame) FreeLists::Node{lists.heads[index]};
#endif
  (void)index;
}

}  // namespace berth::task_internal
