#include "hub/cross_site.h"

#include "http/grammar.h"
#include "http/media_type.h"
#include "hub/proxy_path.h"

namespace berth::hub {
namespace {

/// By Fetch Metadata; where there is none, nobody says so.
bool IsOfAnotherOrigin(const http::RequestHead& head) {
  const auto site = head.fields.Find("sec-fetch-site");
  return site && *site != "same-origin" && *site != "none";
}

/// Whether the answer is shown as a page of its own. Where a service worker passes the navigation
/// on, its destination is "empty", and it may be for a frame.
bool IsForDocument(const http::RequestHead& head) {
  if (head.fields.Find("sec-fetch-mode") != "navigate") return false;
  const auto destination = head.fields.Find("sec-fetch-dest");
  return destination == "document" || destination == "empty";
}

}  // namespace

bool IsSafe(const http::RequestHead& head) {
  return !head.is_upgrade() && http::IsSafeMethod(head.method);
}

Result<void> CheckSameOrigin(const http::RequestHead& head, std::string_view expected_origin,
                             Proof proof) {
  if (IsSafe(head)) return Ok();
  if (head.fields.Count("origin") > 1 || head.fields.Count("sec-fetch-site") > 1) {
    return Forbidden("origin stated twice");
  }
  const auto site = head.fields.Find("sec-fetch-site");
  const auto origin = head.fields.Find("origin");
  if (site == "same-origin") return Ok();
  if (origin) {
    if (*origin == expected_origin) return Ok();
    return Forbidden("request of another origin");
  }
  if (site) return Forbidden("request of another site");
  if (proof == Proof::kBearer) return Ok();
  return Forbidden("request without origin");
}

Result<void> CheckNotEmbedded(const http::RequestHead& head) {
  if (!IsOfAnotherOrigin(head) || IsLedByAnotherOrigin(head)) return Ok();
  return Forbidden("embedded by another origin");
}

bool IsLedByAnotherOrigin(const http::RequestHead& head) {
  return IsOfAnotherOrigin(head) && IsForDocument(head) && IsSafe(head);
}

bool IsAskedByOwnPage(const http::RequestHead& head, std::string_view expected_origin) {
  for (const char* name : {"sec-fetch-site", "origin", "referer"}) {
    if (head.fields.Count(name) > 1) return false;
  }
  if (head.fields.Has("sec-purpose")) return false;  // Nobody has asked for it yet.
  if (const auto site = head.fields.Find("sec-fetch-site")) {
    // An instance's page in path mode is of the same origin: it may embed what it likes.
    const bool is_page = head.fields.Find("sec-fetch-mode").value_or("navigate") == "navigate" &&
                         head.fields.Find("sec-fetch-dest").value_or("document") == "document";
    return is_page && (*site == "same-origin" || *site == "none");
  }
  if (const auto origin = head.fields.Find("origin")) return *origin == expected_origin;
  // Where browsers send no Fetch Metadata, which is over plain HTTP to other machines.
  const auto referer = head.fields.Find("referer");
  return referer && PathOfUrl(*referer, expected_origin).has_value();
}

bool IsOpenedBySibling(const http::RequestHead& head) {
  return head.fields.Find("sec-fetch-site") == "same-site" && IsForDocument(head);
}

void CutOpener(http::Fields& answer, bool by_sibling, bool is_page) {
  if (answer.Has("cross-origin-opener-policy")) return;
  if (by_sibling) answer.Add("cross-origin-opener-policy", "same-origin-allow-popups");
  const bool may_be_page = is_page || http::HasMediaType(answer, "text/html");
  if (!may_be_page || answer.HasToken("vary", "*") || answer.HasToken("vary", "sec-fetch-site")) {
    return;
  }
  answer.Add("vary", "sec-fetch-site");
}

void KeepFromFrames(http::Fields& answer, bool is_page) {
  if (!is_page && !http::HasMediaType(answer, "text/html")) return;
  // Beside such a policy browsers pay no regard to the instance's own X-Frame-Options.
  const bool has_none = answer.HasToken("x-frame-options", "deny");
  answer.Add("content-security-policy",
             has_none ? "frame-ancestors 'none'" : "frame-ancestors 'self'");
}

bool IsBrowser(const http::RequestHead& head) {
  if (head.fields.Has("sec-fetch-site")) return true;
  return head.is_upgrade() && head.fields.Find("user-agent").value_or("").starts_with("Mozilla/");
}

bool IsNavigation(const http::RequestHead& head) {
  if (head.is_upgrade() || (head.method != "GET" && head.method != "HEAD")) return false;
  if (const auto mode = head.fields.Find("sec-fetch-mode")) return *mode == "navigate";
  // Fetch Metadata is absent on plain HTTP outside loopback.
  const auto accept = head.fields.Find("accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

}  // namespace berth::hub
