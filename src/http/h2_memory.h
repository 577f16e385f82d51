// The memory of nghttp2's sessions: from the pool (base/pool.h), because each stream costs it a
// handful of small blocks. Internal to the h2_* files.
#pragma once

#include <nghttp2/nghttp2.h>

namespace berth::http {

/// To be handed to nghttp2 when a session is made; lives for ever.
nghttp2_mem* H2Memory();

}  // namespace berth::http
