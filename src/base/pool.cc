#include "base/pool.h"

#include <array>
#include <utility>

namespace berth {
namespace {

// Free lists in steps of 64 bytes, each of at most 128 KiB, so that a thread keeps at most
// 32 * 128 KiB = 4 MiB after a burst.
constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = kLargestPooled / kStep;
constexpr std::size_t kKeptPerClass = 128 * 1024;

struct Node {
  Node* next;
};

// Plain data, so that the fast path needs no initialisation check; Cleaner frees it.
constinit thread_local std::array<Node*, kClasses> heads{};
constinit thread_local std::array<int, kClasses> room{};  // How many more a list takes.
constinit thread_local bool is_open = false;              // Cleaner exists and has not run yet.

struct Cleaner {
  Cleaner() {
    for (std::size_t i = 0; i < kClasses; ++i) {
      room[i] = static_cast<int>(kKeptPerClass / ((i + 1) * kStep));
    }
    is_open = true;
  }
  ~Cleaner() {
    is_open = false;
    room.fill(0);  // Blocks freed from now on go to the heap.
    for (Node*& head : heads) {
      while (head != nullptr) ::operator delete(std::exchange(head, head->next));
    }
  }
};

/// Of 0 bytes: a class beyond the last one, so that they go to the heap.
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

void* AllocatePooled(std::size_t size) {
  const std::size_t index = ClassOf(size);
  if (index >= kClasses) return ::operator new(size);
  Node* const head = heads[index];
  if (head == nullptr) return AllocateNew(index);
  ++room[index];
  heads[index] = head->next;
  return head;
}

void FreePooled(void* block, std::size_t size) noexcept {
  const std::size_t index = ClassOf(size);
  if (!kKeepsBlocks || index >= kClasses || room[index] == 0) {
    ::operator delete(block);
    return;
  }
  --room[index];
  heads[index] = new (block) Node{heads[index]};
}

}  // namespace berth
