// Memory for what lives as long as a request does: blocks from per-thread free lists.
//
// A request costs a few dozen short-lived objects: coroutine frames, bodies, heads. The heap's own
// cache holds seven of a size, and a loop has a hundred requests under way, so that most would go
// the long way. Here a block costs a dozen instructions. Larger blocks than kLargestPooled come
// from the heap. Blocks may be freed on any thread.
#pragma once

#include <cstddef>
#include <new>

namespace berth {

inline constexpr std::size_t kLargestPooled = 2048;

/// Whether what is freed is kept for the next who asks, in every pool of berth: not with
/// AddressSanitizer, so that the use of what was freed stays visible.
#if __has_feature(address_sanitizer)
inline constexpr bool kKeepsBlocks = false;
#else
inline constexpr bool kKeepsBlocks = true;
#endif

/// A block of at least `size` bytes, aligned as by operator new. Throws std::bad_alloc.
void* AllocatePooled(std::size_t size);
/// Gives a block back. `size` is what was asked for.
void FreePooled(void* block, std::size_t size) noexcept;

/// For containers, strings and std::allocate_shared.
template <class T>
struct PoolAllocator {
  using value_type = T;
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    if (count > std::size_t(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(AllocatePooled(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept { FreePooled(block, count * sizeof(T)); }

  template <class U>
  bool operator==(const PoolAllocator<U>&) const noexcept {
    return true;
  }
};

/// Base of classes whose objects come from the pool. One that is destroyed through a base of its
/// own needs a virtual destructor there, as ever: it says the size.
struct Pooled {
  static void* operator new(std::size_t size) { return AllocatePooled(size); }
  static void operator delete(void* block, std::size_t size) noexcept { FreePooled(block, size); }
};

}  // namespace berth
