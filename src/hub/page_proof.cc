#include "hub/page_proof.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "base/seal.h"
#include "http/list.h"
#include "hub/cross_site.h"
#include "hub/problem.h"

namespace berth::hub {
namespace {

constexpr std::string_view kProtocolPrefix = "berth.page.";

std::string Presented(const http::RequestHead& head) {
  if (!head.is_upgrade()) return std::string(head.fields.Find(kPageProofField).value_or(""));
  const auto protocol = PageProofProtocol(head);
  return protocol ? protocol->substr(kProtocolPrefix.size()) : std::string();
}

}  // namespace

std::string PageProofOf(const HubContext& hub, const identity::Session& session) {
  if (!hub.path_mode) return {};
  return Base64UrlEncode(hub.sealer.Code("page proof", session.id));
}

bool IsShownAsDocument(const http::RequestHead& head) {
  return head.fields.Find("sec-fetch-mode") == "navigate" &&
         head.fields.Find("sec-fetch-dest") == "document";
}

std::optional<http::Response> RefusalWithoutProof(const HubContext& hub,
                                                  const http::RequestHead& head,
                                                  const identity::Session& session) {
  if (!hub.path_mode || !IsBrowser(head)) return std::nullopt;
  // Where browsers send no Fetch Metadata no page is given a proof (IsShownAsDocument).
  const bool has_metadata = head.fields.Has("sec-fetch-site");
  if (!has_metadata && !hub.hosts.IsTrustworthy(head.authority)) return std::nullopt;
  const std::string expected = PageProofOf(hub, session);
  const std::string presented = Presented(head);
  const bool is_right =
      EqualsInConstantTime(std::as_bytes(std::span(expected)), std::as_bytes(std::span(presented)));
  if (is_right) return std::nullopt;
  auto response = ProblemResponse(
      {403, "Not a page of the hub", "Only the hub's own pages may do this. Load the page again."});
  response.head.fields.Add("x-berth-reload", "1");
  return response;
}

std::optional<std::string> PageProofProtocol(const http::RequestHead& head) {
  for (const auto& [name, value] : head.fields) {
    if (name != "sec-websocket-protocol") continue;
    for (const std::string_view token : http::ListMembers(value)) {
      if (token.starts_with(kProtocolPrefix)) return std::string(token);
    }
  }
  return std::nullopt;
}

}  // namespace berth::hub
