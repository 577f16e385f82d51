#include "base/random.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace berth {

RandomSource SystemRandom() {
  return [](std::span<std::byte> into) {
    const int done =
        RAND_bytes(reinterpret_cast<unsigned char*>(into.data()), static_cast<int>(into.size()));
    CHECK(done == 1);
  };
}

}  // namespace berth
