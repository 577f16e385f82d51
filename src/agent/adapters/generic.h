// The adapter for any other web UI: requests pass as they are; only Origin (and Referer) are put in
// the instance's own terms, because many dev servers refuse a foreign one.
#pragma once

#include "agent/adapter.h"

namespace berth::agent {

struct GenericOptions {
  bool identity_headers = false;    ///< Tell the instance who asks, in X-Orchestrator-*.
  bool rewrite_javascript = false;  ///< Also rewrite root-relative paths in JavaScript text.
};

class Generic : public Adapter {
 public:
  Generic(AdapterContext context, GenericOptions options) : context_(context), options_(options) {}

  std::string_view kind() const override { return "generic"; }
  std::optional<http::Response> Answer(const http::RequestHead&) override { return std::nullopt; }
  Task<Result<void>> Prepare(http::RequestHead& head) override;
  Task<Verdict> Inspect(const http::RequestHead& sent, http::Response& response) override;
  rewrite::PageSetup page_setup() const override;
  bool may_retry() const override { return false; }
  bool inspects() const override { return false; }
  bool wants_identity() const override { return options_.identity_headers; }

 private:
  AdapterContext context_;
  GenericOptions options_;
};

/// Rewrites Origin, if it is the browser's view of this instance, and Referer to the instance's own
/// origin. A foreign or opaque Origin stays: the instance shall see that.
void RewriteOrigin(http::RequestHead& head, const InstanceInfo& info);

}  // namespace berth::agent
