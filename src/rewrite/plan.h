// Plan: what the agent may rewrite of one exchange, decided from its request.
//
//     auto plan = rewrite::PlanFor(request.head, prefix, setup);
//     if (auto own = plan.OwnResource()) co_return std::move(*own);
//     plan.PrepareRequest(request.head);
//     ... response from the instance ...
//     plan.ApplyToResponse(response);
//
// `prefix` is X-Forwarded-Prefix of the tunnel's stream: "/clients/ID/proxy" in path mode, "" in
// subdomain mode, where only the storage items are injected into pages, links to a manifest in what
// is navigated to ask for it with cookies, and redirects to the instance's own address are led
// back. Bodies change only for GET (the fields that tell of them for HEAD too), status 200, outside
// the raw prefixes, and by content type; all else passes byte for byte, still in its content
// coding. Not thread-safe; nothing here waits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "rewrite/location.h"
#include "rewrite/page_setup.h"
#include "rewrite/rewriter.h"

namespace berth::rewrite {

/// Where the instance's pages find our script if their policy forbids it inline, below the prefix.
inline constexpr std::string_view kPageScriptPath = "/.berth/page.js";

class Plan {
 public:
  /// Our own answer, if the request is for a resource of ours; do not ask the instance then.
  std::optional<http::Response> OwnResource() const;

  /// Readies the request for the instance. Where a rewrite may follow: asks for no content coding
  /// and the whole body, and drops validators that are not of our output. Tags of our output become
  /// the instance's.
  void PrepareRequest(http::RequestHead& head);

  /// Changes the response as the plan says; its body keeps what it needs. Call once.
  void ApplyToResponse(http::Response& response) const;

  /// Header fields alone, for interim responses. ApplyToResponse does this too.
  void ApplyToInterim(http::ResponseHead& head) const;

 private:
  friend Plan PlanFor(const http::RequestHead&, std::string_view, const PageSetup&);
  enum class Kind { kHtml, kCss, kManifest, kJavascript, kWorker };

  /// Whether pages get a script of ours. Else all that changes in them is a link to a manifest.
  bool has_script() const;
  /// Whether a script gets ours in front depends on what asks for it: one file may be a page's
  /// script and then its worker's, and a cache must not give the one for the other.
  void SayWhatVaries(http::ResponseHead& head) const;
  std::optional<Kind> KindOf(const http::ResponseHead& head) const;
  RewriterPtr RewriterFor(Kind kind, http::Fields& fields) const;
  RewriterPtr HtmlFor(http::Fields& fields) const;
  void ReplaceValidators(http::Fields& fields) const;

  const PageSetup* setup_ = nullptr;
  Addresses addresses_;      // .prefix "" in subdomain mode.
  std::string public_host_;  // The authority of the page's own URL.
  std::string path_;
  std::string query_;
  bool may_rewrite_ = false;
  bool varies_ = false;         // A script here may be that of a worker.
  bool is_head_ = false;        // There is no body; the fields are as with GET.
  bool is_navigation_ = false;  // Certainly, or by what a browser accepts that does not say.
  bool is_worker_ = false;      // The request is for a worker's own script.
  bool is_manifest_ = false;
  bool is_ours_ = false;  // A copy of our output is being revalidated.
};

/// `head` is the request as the browser sent it, with the hub's X-Forwarded-* fields and a target
/// at the instance (without the prefix). A prefix that is not usable counts as "".
/// REQUIRES: `setup` outlives the plan.
Plan PlanFor(const http::RequestHead& head, std::string_view prefix, const PageSetup& setup);

}  // namespace berth::rewrite
