// For tests: matchers for Result. EXPECT_THAT(result, IsOk()); EXPECT_THAT(result,
// FailsWith(kind)).
#pragma once

#include <gmock/gmock.h>

#include "base/result.h"

namespace berth::testing {

MATCHER(IsOk, "is a success") {
  if (arg.has_value()) return true;
  *result_listener << "fails with " << arg.error().ToString();
  return false;
}

MATCHER_P(FailsWith, kind, "fails with kind " + std::string(ToString(kind))) {
  if (arg.has_value()) {
    *result_listener << "is a success";
    return false;
  }
  *result_listener << "fails with " << arg.error().ToString();
  return arg.error().kind == kind;
}

}  // namespace berth::testing
