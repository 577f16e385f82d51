#include "http/h2_memory.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/pool.h"

namespace berth::http {
namespace {

// In front of each block stands its size, which nghttp2 does not say when it frees one; in as many
// bytes as keep the alignment.
constexpr std::size_t kHeader = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
static_assert(kHeader >= sizeof(std::size_t));

std::byte* StartOf(void* block) { return static_cast<std::byte*>(block) - kHeader; }

std::size_t SizeOf(void* block) {
  std::size_t size;
  std::memcpy(&size, StartOf(block), sizeof size);
  return size;
}

/// Null where there is no memory: nothing may be thrown through C.
void* Allocate(std::size_t size, void*) noexcept {
  if (size > std::numeric_limits<std::size_t>::max() - kHeader) return nullptr;
  try {
    auto* start = static_cast<std::byte*>(AllocatePooled(kHeader + size));
    std::memcpy(start, &size, sizeof size);
    return start + kHeader;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Free(void* block, void*) noexcept {
  if (block != nullptr) FreePooled(StartOf(block), kHeader + SizeOf(block));
}

void* AllocateZeroed(std::size_t count, std::size_t size, void*) noexcept {
  if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
  void* const block = Allocate(count * size, nullptr);
  if (block != nullptr) std::memset(block, 0, count * size);
  return block;
}

void* Resize(void* block, std::size_t size, void*) noexcept {
  void* const resized = Allocate(size, nullptr);
  if (resized == nullptr || block == nullptr) return resized;
  std::memcpy(resized, block, std::min(size, SizeOf(block)));
  Free(block, nullptr);
  return resized;
}

}  // namespace

nghttp2_mem* H2Memory() {
  static nghttp2_mem memory = {.mem_user_data = nullptr,
                               .malloc = Allocate,
                               .free = Free,
                               .calloc = AllocateZeroed,
                               .realloc = Resize};
  return &memory;
}

}  // namespace berth::http
