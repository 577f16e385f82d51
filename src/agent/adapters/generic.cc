#include "agent/adapters/generic.h"

namespace berth::agent {

void RewriteOrigin(http::RequestHead& head, const InstanceInfo& info) {
  if (!head.fields.Has("origin") && !head.fields.Has("referer")) return;
  // The outside view, as the hub says it. Without it nothing can be told apart.
  const auto host = head.fields.Find("x-forwarded-host");
  const auto scheme = head.fields.Find("x-forwarded-proto");
  if (!host || !scheme) return;
  const std::string outside = std::string(*scheme) + "://" + std::string(*host);
  const std::string prefix(head.fields.Find("x-forwarded-prefix").value_or(""));
  if (head.fields.Find("origin") == outside) head.fields.Set("origin", info.origin());
  const std::string referer(head.fields.Find("referer").value_or(""));
  if (!referer.starts_with(outside)) return;
  std::string_view path = std::string_view(referer).substr(outside.size());
  if (!path.empty() && path.front() != '/') return;  // Another host that begins alike.
  if (!prefix.empty() && path.starts_with(prefix)) path.remove_prefix(prefix.size());
  head.fields.Set("referer",
                  info.origin() + (path.starts_with('/') ? "" : "/") + std::string(path));
}

Task<Result<void>> Generic::Prepare(http::RequestHead& head) {
  RewriteOrigin(head, context_.info);
  co_return Ok();
}

Task<Verdict> Generic::Inspect(const http::RequestHead&, http::Response&) {
  co_return Verdict::kPass;
}

rewrite::PageSetup Generic::page_setup() const {
  rewrite::PageSetup setup;
  setup.rewrite_javascript = options_.rewrite_javascript;
  return setup;
}

}  // namespace berth::agent
