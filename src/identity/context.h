// What the parts of identity are made with.
#pragma once

#include "base/executor.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/seal.h"
#include "base/wall_clock.h"
#include "store/store.h"

namespace berth::identity {

/// The references must outlive what is made with it.
struct Context {
  Executor& executor;
  store::Store& store;
  const Sealer& sealer;  ///< Of credentials that the database keeps.
  const Limits& limits;
  WallClock clock = SystemWallClock();
  RandomSource random = SystemRandom();
};

}  // namespace berth::identity
