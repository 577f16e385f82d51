#include "rewrite/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/media_type.h"
#include "rewrite/css_rewriter.h"
#include "rewrite/html_rewriter.h"
#include "rewrite/javascript_rewriter.h"
#include "rewrite/json_text.h"
#include "rewrite/page_script.h"
#include "rewrite/policy.h"
#include "rewrite/rewriting_body.h"
#include "rewrite/url.h"
#include "rewrite/validators.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;
using http::Fields;
using http::TrimOws;

constexpr std::array<std::string_view, 5> kNavigations = {"document", "iframe", "frame", "embed",
                                                          "object"};
// What a browser asks for with these destinations is never rewritten. "empty" and an absent field
// say nothing: a service worker that passes a navigation on has the first, plain http the second.
constexpr std::array<std::string_view, 7> kRawDestinations = {"image", "font", "audio", "video",
                                                              "track", "xslt", "report"};
// Their text gets our script in front; a browser may say the same of what a module worker imports,
// and that does no harm.
constexpr std::array<std::string_view, 2> kWorkers = {"worker", "sharedworker"};
constexpr std::array<std::string_view, 6> kScriptDestinations = {
    "script", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet"};
constexpr std::array<std::string_view, 34> kRawExtensions = {
    "png", "jpg", "jpeg", "gif", "webp", "avif", "ico",   "svg", "bmp", "woff", "woff2", "ttf",
    "otf", "eot", "mp3",  "mp4", "webm", "ogg",  "wav",   "m4a", "mov", "pdf",  "zip",   "gz",
    "tar", "bz2", "xz",   "7z",  "wasm", "map",  "jsonl", "csv", "bin", "iso"};
constexpr std::array<std::string_view, 3> kPageExtensions = {"html", "htm", "xhtml"};
constexpr std::array<std::string_view, 3> kScriptExtensions = {"js", "mjs", "cjs"};

template <std::size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& table) {
  return std::ranges::find(table, text) != table.end();
}

std::string Extension(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  const std::size_t dot = file.rfind('.');
  return dot == std::string_view::npos ? "" : ToLower(file.substr(dot + 1));
}

bool IsJavascript(std::string_view essence) {
  return essence.ends_with("/javascript") || essence.ends_with("/x-javascript") ||
         essence.ends_with("/ecmascript");
}

/// Whether bytes below 0x80 mean ASCII, as they do in every encoding that browsers know but these.
bool IsAsciiCompatible(std::string_view content_type) {
  const std::string lower = ToLower(content_type);
  return lower.find("utf-16") == std::string::npos && lower.find("utf-32") == std::string::npos &&
         lower.find("ucs-2") == std::string::npos && lower.find("iso-2022") == std::string::npos;
}

bool IsRaw(std::string_view path, const PageSetup& setup) {
  return std::ranges::any_of(setup.raw_prefixes, [&](std::string_view raw) {
    if (raw.empty()) return false;
    if (path.starts_with(raw)) return true;
    return raw.ends_with('/') && path == raw.substr(0, raw.size() - 1);
  });
}

/// Whether the browser shows the answer as a page of its own, be it that a service worker passes
/// the navigation on. Where it does not say so itself, by what it accepts; but scripts accept HTML
/// too, for pieces of their page.
bool IsNavigation(const http::RequestHead& head, bool takes_html) {
  if (head.fields.Find("sec-fetch-mode") == "navigate") return true;
  const auto destination = head.fields.Find("sec-fetch-dest");
  if (destination) return IsOneOf(*destination, kNavigations);
  return takes_html && !head.fields.Has("x-requested-with");
}

bool MayBeRewritten(const http::RequestHead& head, bool is_path_mode, const PageSetup& setup) {
  const std::string destination = ToLower(head.fields.Find("sec-fetch-dest").value_or(""));
  const std::string extension = Extension(head.path());
  if (IsOneOf(destination, kRawDestinations) || IsOneOf(extension, kRawExtensions)) return false;
  if (!is_path_mode && (destination == "style" || destination == "manifest")) return false;
  const bool is_script =
      IsOneOf(destination, kScriptDestinations) || IsOneOf(extension, kScriptExtensions);
  // Nobody asks for a part of what we would rewrite; of data one does: a log, a table, an archive.
  const bool is_style = is_path_mode && (destination == "style" || extension == "css");
  const bool is_known = is_script || is_style || IsOneOf(extension, kPageExtensions);
  if (!is_known && head.fields.Has("range")) return false;
  return !is_script || (is_path_mode && setup.rewrite_javascript);
}

}  // namespace

Plan PlanFor(const http::RequestHead& head, std::string_view prefix, const PageSetup& setup) {
  Plan plan;
  plan.setup_ = &setup;
  if (IsUsablePrefix(prefix)) plan.addresses_.prefix = prefix;
  const bool is_path_mode = !plan.addresses_.prefix.empty();
  plan.addresses_.own_authorities = setup.own_authorities;
  plan.public_host_ = head.fields.Find("x-forwarded-host").value_or(head.authority);
  // In subdomain mode an absolute URL at the public host is right as it is.
  if (is_path_mode) {
    plan.addresses_.public_authorities = {head.authority, plan.public_host_};
  }
  plan.path_ = head.path();
  plan.query_ = head.query();

  const std::string_view destination = head.fields.Find("sec-fetch-dest").value_or("");
  const bool takes_html =
      ToLower(head.fields.Find("accept").value_or("")).find("text/html") != std::string::npos;
  plan.is_navigation_ = IsNavigation(head, takes_html);
  plan.is_worker_ =
      is_path_mode && (IsOneOf(destination, kWorkers) ||
                       EqualsIgnoreCase(head.fields.Find("service-worker").value_or(""), "script"));
  plan.is_manifest_ = is_path_mode && (EqualsIgnoreCase(destination, "manifest") ||
                                       plan.path_.ends_with("/manifest.json") ||
                                       plan.path_.ends_with(".webmanifest"));

  plan.varies_ = is_path_mode && !IsRaw(plan.path_, setup);
  plan.is_head_ = head.method == "HEAD";
  const bool is_certain = plan.has_script() && (plan.is_worker_ || plan.is_manifest_ ||
                                                plan.is_navigation_ || takes_html);
  plan.may_rewrite_ = (plan.has_script() || plan.is_navigation_) &&
                      (head.method == "GET" || plan.is_head_) && !head.is_upgrade() &&
                      !IsRaw(plan.path_, setup) &&
                      (is_certain || MayBeRewritten(head, is_path_mode, setup));
  return plan;
}

bool Plan::has_script() const {
  return !addresses_.prefix.empty() || !setup_->local_storage.empty();
}

std::optional<http::Response> Plan::OwnResource() const {
  if (addresses_.prefix.empty() || path_ != kPageScriptPath) return std::nullopt;
  auto response = http::TextResponse(200, "text/javascript; charset=utf-8",
                                     PageScript(addresses_.prefix, *setup_));
  const bool is_current = query_ == "v=" + RewriteVersion(addresses_.prefix, *setup_);
  response.head.fields.Set("cache-control",
                           is_current ? "private, max-age=31536000, immutable" : "no-cache");
  return response;
}

void Plan::PrepareRequest(http::RequestHead& head) {
  if (const auto expected = head.fields.Find("if-match")) {  // With whatever method.
    const std::string originals =
        OriginalEtags(*expected, RewriteVersion(addresses_.prefix, *setup_));
    if (!originals.empty()) head.fields.Set("if-match", originals);
  }
  if (!may_rewrite_) return;
  head.fields.Set("accept-encoding", "identity");
  for (const auto name : {"range", "if-range", "if-modified-since"}) head.fields.Remove(name);
  const auto seen = head.fields.Find("if-none-match");
  if (!seen) return;
  const std::string originals = OriginalEtags(*seen, RewriteVersion(addresses_.prefix, *setup_));
  head.fields.Remove("if-none-match");
  is_ours_ = !originals.empty();
  if (is_ours_) head.fields.Add("if-none-match", originals);
}

void Plan::SayWhatVaries(http::ResponseHead& head) const {
  if (!varies_ || head.status != 200 || head.fields.HasToken("vary", "*")) return;
  const std::string essence = http::MediaType(head.fields.Find("content-type").value_or(""));
  if (IsJavascript(essence)) head.fields.Add("vary", "sec-fetch-dest, service-worker");
  // Without a doctype a page is one only where the browser shows it as one.
  if (essence == "text/html") head.fields.Add("vary", "sec-fetch-mode");
}

std::optional<Plan::Kind> Plan::KindOf(const http::ResponseHead& head) const {
  const std::string_view content_type = head.fields.Find("content-type").value_or("");
  const std::string_view disposition = head.fields.Find("content-disposition").value_or("");
  if (!may_rewrite_ || head.status != 200 || !IsAsciiCompatible(content_type)) return std::nullopt;
  // A file that the user saves is data, whatever its type.
  if (EqualsIgnoreCase(disposition.substr(0, 10), "attachment")) return std::nullopt;
  const std::string essence = http::MediaType(content_type);
  if (essence == "text/html" || essence == "application/xhtml+xml") return Kind::kHtml;
  if (addresses_.prefix.empty()) return std::nullopt;
  if (essence == "text/css") return Kind::kCss;
  if (essence == "application/manifest+json" || (is_manifest_ && essence.ends_with("json"))) {
    return Kind::kManifest;
  }
  if (IsJavascript(essence)) {
    if (is_worker_) return Kind::kWorker;
    if (setup_->rewrite_javascript) return Kind::kJavascript;
  }
  return std::nullopt;
}

RewriterPtr Plan::RewriterFor(Kind kind, Fields& fields) const {
  const std::string& prefix = addresses_.prefix;
  switch (kind) {
    case Kind::kHtml:
      return HtmlFor(fields);
    case Kind::kCss:
      return std::make_unique<CssRewriter>(prefix);
    case Kind::kManifest:
      return std::make_unique<ManifestRewriter>(prefix);
    case Kind::kWorker:
    case Kind::kJavascript:
      break;
  }
  RewriterPtr script;
  if (setup_->rewrite_javascript) {
    script = std::make_unique<JavascriptRewriter>(prefix, KnownRoots());
  }
  if (kind == Kind::kJavascript) return script;
  return std::make_unique<PreludeRewriter>(WorkerPrelude(prefix), std::move(script));
}

RewriterPtr Plan::HtmlFor(Fields& fields) const {
  if (!has_script()) return std::make_unique<HtmlRewriter>(HtmlOptions{});
  const std::string& prefix = addresses_.prefix;
  const bool is_path_mode = !prefix.empty();
  const bool is_xml = http::MediaType(*fields.Find("content-type")) == "application/xhtml+xml";
  const std::string script = PageScript(prefix, *setup_);
  std::string map = is_path_mode ? ImportMap(prefix) : "";

  std::vector<std::string_view> policies;
  for (const auto& [name, value] : fields) {
    if (name == "content-security-policy") policies.push_back(value);
  }
  const ScriptAdmission admission = ExaminePolicies(policies);
  const bool is_amended = admission.kind == ScriptAdmission::Kind::kAmended;
  std::string attributes = " data-berth=\"\"";
  if (!admission.nonce.empty()) attributes += fmt::format(" nonce=\"{}\"", admission.nonce);

  HtmlOptions options;
  options.prefix = prefix;
  options.injection = is_navigation_ ? Injection::kAlways : Injection::kIntoDocuments;
  options.rewrites_javascript = setup_->rewrite_javascript;
  options.is_policy_strict = is_amended;
  options.is_xml = is_xml;
  PolicyAdditions additions;
  additions.script_hash = HashSource(script);
  // XML would need the script's '<' and '&' escaped, so there it comes from its address as well.
  if (is_path_mode && (is_amended || is_xml)) {
    additions.script_url = fmt::format("{}{}{}", public_host_, prefix, kPageScriptPath);
    options.script_element =
        fmt::format("<script{} src=\"{}{}?v={}\" integrity=\"{}\"></script>", attributes, prefix,
                    kPageScriptPath, RewriteVersion(prefix, *setup_), IntegrityOf(script));
  } else if (!is_xml) {
    options.script_element = fmt::format("<script{}>{}</script>", attributes, script);
  }
  if (!map.empty()) {
    additions.map_hash = HashSource(map);
    options.import_map_hash = additions.map_hash;
    options.import_map_element =
        fmt::format("<script type=\"importmap\"{}>{}</script>", attributes, map);
  }
  if (!is_amended) return std::make_unique<HtmlRewriter>(std::move(options));

  std::vector<std::string> amended;
  for (const auto policy : policies) amended.push_back(AmendPolicies(policy, additions));
  fields.Remove("content-security-policy");
  for (const auto& policy : amended) fields.Add("content-security-policy", policy);
  return std::make_unique<HtmlRewriter>(std::move(options));
}

void Plan::ReplaceValidators(Fields& fields) const {
  const auto etag = fields.Find("etag");
  if (etag) {
    const auto derived = DeriveEtag(*etag, RewriteVersion(addresses_.prefix, *setup_));
    fields.Remove("etag");
    if (derived) fields.Add("etag", *derived);
  }
  // A date cannot tell our versions apart.
  fields.Remove("last-modified");
  std::string cache_control;
  for (const auto& [name, value] : fields) {
    if (name != "cache-control") continue;
    if (!cache_control.empty()) cache_control += ", ";
    cache_control += value;
  }
  cache_control = ShortenFreshness(cache_control);
  fields.Remove("cache-control");
  if (!cache_control.empty()) fields.Add("cache-control", cache_control);
  fields.Remove("expires");
}

void Plan::ApplyToInterim(http::ResponseHead& head) const {
  if (addresses_.prefix.empty()) {
    LeadBack(head.fields, addresses_);
  } else {
    RewriteFields(head.fields, addresses_);
  }
}

void Plan::ApplyToResponse(http::Response& response) const {
  Fields& fields = response.head.fields;
  ApplyToInterim(response.head);
  SayWhatVaries(response.head);
  if (response.head.status == 304 && is_ours_) ReplaceValidators(fields);
  const auto kind = KindOf(response.head);
  if (!kind || (response.body == nullptr && !is_head_)) return;
  if (fields.Count("content-encoding") > 1) return;
  auto decoder = http::ContentDecoder::Create(fields.Find("content-encoding").value_or(""));
  if (!decoder) return;

  auto rewriter = RewriterFor(*kind, fields);
  for (const auto name : {"content-length", "content-encoding", "accept-ranges", "content-md5",
                          "digest", "content-digest", "repr-digest"}) {
    fields.Remove(name);
  }
  ReplaceValidators(fields);
  if (is_head_) return;
  response.body = std::make_unique<RewritingBody>(std::move(response.body), std::move(decoder),
                                                  std::move(rewriter));
}

}  // namespace berth::rewrite
