// `berth agent enroll`: enrols this machine at a hub and keeps the token that it gets.
#pragma once

#include "agent/enrolled_token.h"
#include "base/limits.h"
#include "net/tls.h"

namespace berth::agent {

struct EnrolOptions {
  EnrolledAs as;
  net::TlsClient::Options hub_tls;  ///< As of AgentOptions.
  bool is_default_id = false;       ///< The id need not be named in what to run next.
  Limits limits;
};

/// Runs until a user of the hub has answered, or Ctrl-C; prints what to do. The exit status: 0 when
/// enrolled.
int RunEnrol(EnrolOptions options);

}  // namespace berth::agent
