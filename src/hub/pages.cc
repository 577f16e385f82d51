#include "hub/pages.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/problem.h"
#include "hub/assets.h"
#include "hub/problem.h"

namespace berth::hub {
namespace {

/// Where the page for this path is kept: some pages read the rest of their path themselves.
std::string_view PageOf(std::string_view path) {
  if (path.starts_with("/instances/")) return "/instances";
  if (path.starts_with("/settings/")) return "/settings";
  return path;
}

/// Whether the page of this path leads to instances at addresses of their own: their sign-on page
/// goes by it that a page of the hub led there (instance_site.cc), so the browser has to say so.
bool LeadsToInstances(std::string_view page) {
  return page == "/dashboard" || page == "/instances" || page == "/open";
}

/// Where the proof stands in a page; web/src/api.ts reads it.
constexpr std::string_view kProofPlace = "<meta name=\"berth-page\" content=\"";

/// The page with the proof in its place; nothing if it has none.
std::optional<std::string> WithProof(std::string_view page, std::string_view proof) {
  const std::size_t place = page.find(kProofPlace);
  if (proof.empty() || place == std::string_view::npos) return std::nullopt;
  std::string filled(page);
  filled.insert(place + kProofPlace.size(), proof);
  return filled;
}

/// An embedded page with these fields of its own in its head, which no cache keeps.
http::Response PageWithFacts(
    int status, std::string_view path,
    std::initializer_list<std::pair<std::string_view, std::string_view>> facts) {
  const Asset* asset = FindAsset(path);
  CHECK(asset != nullptr);
  std::string page(asset->body);
  std::size_t place = page.find("<head>");
  CHECK(place != std::string::npos);
  place += 6;
  for (const auto& [name, content] : facts) {
    const std::string field =
        fmt::format("\n    <meta name=\"{}\" content=\"{}\">", name, EscapeHtml(content));
    page.insert(place, field);
    place += field.size();
  }
  auto response = http::TextResponse(status, asset->content_type, std::move(page));
  AddPageSecurity(response.head.fields);
  http::NeverKept(response.head.fields);
  return response;
}

}  // namespace

std::optional<http::Response> PageAt(const http::RequestHead& head, std::string_view proof) {
  if (head.is_upgrade() || (head.method != "GET" && head.method != "HEAD")) return std::nullopt;
  const std::string_view path = head.path();
  if (!path.starts_with('/')) return std::nullopt;  // What has only a name has no address.
  const std::string_view page_path = PageOf(path);
  const Asset* asset = FindAsset(page_path);
  if (asset == nullptr) return std::nullopt;
  http::Response response;
  AddPageSecurity(response.head.fields);
  if (LeadsToInstances(page_path)) {
    response.head.fields.Set("referrer-policy", "strict-origin-when-cross-origin");
  }
  if (auto page = WithProof(asset->body, proof)) {
    response.head.fields.Add("cache-control", "no-store");
    response.head.fields.Add("content-type", asset->content_type);
    response.body = std::make_unique<http::TextBody>(std::move(*page));
    return response;
  }
  const bool is_small = !asset->gzip.empty() && head.fields.HasToken("accept-encoding", "gzip");
  const std::string_view etag = is_small ? asset->gzip_etag : asset->etag;
  response.head.fields.Add("etag", etag);
  response.head.fields.Add("cache-control",
                           asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!asset->gzip.empty()) response.head.fields.Add("vary", "accept-encoding");
  if (head.fields.Find("if-none-match") == etag) {
    response.head.status = 304;
    return response;
  }
  response.head.fields.Add("content-type", asset->content_type);
  if (is_small) response.head.fields.Add("content-encoding", "gzip");
  response.body = std::make_unique<http::SharedBody>(is_small ? asset->gzip : asset->body);
  return response;
}

http::Response SignInPage(int status, std::string_view reason, std::string_view who) {
  return PageWithFacts(status, "/login", {{"sign-in-problem", reason}, {"sign-in-who", who}});
}

http::Response SignOnPage(std::string_view opener) {
  return PageWithFacts(200, "/.berth/auth", {{"berth-opener", opener}});
}

http::Response StandInWorker() {
  const Asset* asset = FindAsset("stand_in.js");
  CHECK(asset != nullptr);
  auto response = http::TextResponse(200, asset->content_type, std::string(asset->body));
  AddPageSecurity(response.head.fields);
  http::NeverKept(response.head.fields);
  return response;
}

bool IsSharedPath(std::string_view path) {
  return path == "/.berth/auth" || path.starts_with("/.berth/assets/");
}

}  // namespace berth::hub
