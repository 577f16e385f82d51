#include "base/task.h"

#include <array>
#include <new>
#include <utility>

namespace berth::task_internal {
namespace {

// Frames up to 2 KiB are kept in free lists of 128-byte steps, at most 256 frames a list, so that a
// thread keeps at most 256 * (128 + 256 + ... + 2048) bytes = 4.25 MiB after a burst.
constexpr std::size_t kStep = 128;
constexpr std::size_t kClasses = 16;
constexpr int kKeptPerClass = 256;

struct Node {
  Node* next;
};

// Plain data, so that the fast path needs no initialisation check; Cleaner frees it.
constinit thread_local std::array<Node*, kClasses> heads{};
constinit thread_local std::array<int, kClasses> room{};  // How many more a list takes.
constinit thread_local bool is_open = false;              // Cleaner exists and has not run yet.

struct Cleaner {
  Cleaner() {
    room.fill(kKeptPerClass);
    is_open = true;
  }
  ~Cleaner() {
    is_open = false;
    room.fill(0);  // Frames freed from now on go to the heap.
    for (Node*& head : heads) {
      while (head != nullptr) ::operator delete(std::exchange(head, head->next));
    }
  }
};

constexpr std::size_t ClassOf(std::size_t size) { return (size + kStep - 1) / kStep - 1; }

/// Where lists are empty or unused: from the heap, in the size of the whole class.
void* AllocateNew(std::size_t index) {
  thread_local bool is_closed = false;
  if (!is_open && !is_closed) {
    is_closed = true;
    thread_local Cleaner cleaner;
  }
  return ::operator new((index + 1) * kStep);
}

}  // namespace

void* AllocateFrame(std::size_t size) {
  const std::size_t index = ClassOf(size);
  if (index >= kClasses) return ::operator new(size);
  Node* const head = heads[index];
  if (head == nullptr) return AllocateNew(index);
  ++room[index];
  heads[index] = head->next;
  return head;
}

void FreeFrame(void* frame, std::size_t size) noexcept {
  const std::size_t index = ClassOf(size);
#if __has_feature(address_sanitizer)
  constexpr bool kIsKept = false;  // Keep use-after-free visible.
#else
  constexpr bool kIsKept = true;
#endif
  if (!kIsKept || index >= kClasses || room[index] == 0) {
    ::operator delete(frame);
    return;
  }
  --room[index];
  heads[index] = new (frame) Node{heads[index]};
}

}  // namespace berth::task_internal
