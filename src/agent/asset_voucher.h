// AssetVoucher: the agent's part in sparing itself a body that the hub holds already
// (http/shared_asset.h). Lives on the loop; must outlive its calls.
#pragma once

#include <string>
#include <string_view>

#include "base/limits.h"
#include "http/message.h"

namespace berth::agent {

class AssetVoucher {
 public:
  /// `limits` must outlive it.
  explicit AssetVoucher(const Limits& limits) : limits_(limits) {}

  /// `hints`: what the hub holds, separated by commas. Reads the response's body, if it is of a
  /// size to be kept, and puts its digest in its place if the hub has it; else the body is there
  /// again, from its beginning. Bounded in size, and in how many are read at once.
  Task<Result<http::Response>> Vouch(std::string hints, http::Response response);

 private:
  const Limits& limits_;
  int reading_ = 0;
};

}  // namespace berth::agent
