#include "agent/adapters/claudecodeui.h"

#include <boost/json.hpp>

#include "agent/adapters/generic.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"

namespace berth::agent {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxSignInAnswer = 64 * 1024;
constexpr std::string_view kSessionPage = "/session/";

bool IsUnder(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

/// Whether a parameter of that name, unescaped, is `token` to any reader of queries: express takes
/// "token[0]" and "[token]" for it, too.
bool IsToken(std::string_view name) {
  return name == "token" || name.starts_with("token[") || name.starts_with("[token]");
}

/// Routes that give out a token.
bool GivesToken(std::string_view path) {
  return path == "/api/auth/login" || path == "/api/auth/register" || path == "/api/auth/refresh";
}

std::string SignedInText(std::int64_t user_id, std::string_view username) {
  return json::serialize(
      json::object{{"success", true},
                   {"user", json::object{{"id", user_id}, {"username", username}}},
                   {"token", kPlaceholderToken}});
}

http::Response JsonResponse(int status, std::string text) {
  http::Response response = http::TextResponse(status, "application/json", std::move(text));
  response.head.fields.Set("cache-control", "no-store");
  return response;
}

}  // namespace

std::string WithoutTokenParameter(std::string_view target) {
  const std::size_t question = target.find('?');
  if (question == target.npos) return std::string(target);
  std::string kept(target.substr(0, question));
  char separator = '?';
  std::string_view query = target.substr(question + 1);
  for (bool more = true; more;) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    more = end != query.npos;
    if (more) query.remove_prefix(end + 1);
    if (IsToken(PercentDecode(parameter.substr(0, parameter.find('='))))) continue;
    kept += separator;
    kept += parameter;
    separator = '&';
  }
  return kept;
}

std::string RoutingPath(std::string_view target) {
  std::string path = ToLower(PercentDecode(target.substr(0, target.find('?'))));
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::optional<http::Response> ClaudeCodeUi::Answer(const http::RequestHead& head) {
  const std::string path = RoutingPath(head.target);
  // For local child processes of the instance, with a token of its own: no browser's business.
  if (IsUnder(path, "/api/browser-use-mcp")) {
    return JsonResponse(403, R"({"error":"Not available through berth"})");
  }
  if (head.method == "POST" && GivesToken(path) && sign_in_.state() == SignIn::State::kSignedIn) {
    return JsonResponse(200, SignedInText(sign_in_.user_id(), sign_in_.username()));
  }
  return std::nullopt;
}

Task<Result<void>> ClaudeCodeUi::Prepare(http::RequestHead& head) {
  head.target = WithoutTokenParameter(head.target);
  head.fields.Remove("authorization");
  RewriteOrigin(head, context_.info);
  const std::string path = RoutingPath(head.target);
  if (head.path().starts_with(kSessionPage)) {
    status_.Seen(head.path().substr(kSessionPage.size()));
  }
  // The API for programs takes a key of its own (X-API-Key, apiKey) that the caller brings.
  if (IsUnder(path, "/api/agent")) co_return Ok();
  const std::string token = co_await sign_in_.Token();
  if (!token.empty()) head.fields.Set("authorization", "Bearer " + token);
  if (!sign_in_.api_key().empty() && IsUnder(path, "/api")) {
    head.fields.Set("x-api-key", sign_in_.api_key());
  }
  co_return Ok();
}

Task<Verdict> ClaudeCodeUi::Inspect(const http::RequestHead& sent, http::Response& response) {
  response.head.fields.Remove("x-refreshed-token");
  const std::string path = RoutingPath(sent.target);
  if (response.head.status == 401 &&
      (sent.is_upgrade() || response.head.fields.Has("x-auth-error"))) {
    const auto authorization = sent.fields.Find("authorization").value_or("");
    const std::string refused(authorization.substr(std::min<std::size_t>(7, authorization.size())));
    const bool is_new = co_await sign_in_.Replace(refused);
    if (!is_new) co_return Verdict::kPass;
    // Where it cannot be sent again, the page would sign itself out, though its next request will
    // do.
    response.head.fields.Remove("x-auth-error");
    co_return Verdict::kRetry;
  }
  if (sent.method == "POST" && GivesToken(path) && response.head.status < 300) {
    co_await TakeOverSignIn(response);
  }
  co_return Verdict::kPass;
}

Task<void> ClaudeCodeUi::TakeOverSignIn(http::Response& response) {
  auto text = co_await http::ReadAll(response.body.get(), kMaxSignInAnswer);
  auto answer = text ? ParseJsonObject(*text) : Result<json::object>(text.error());
  std::string token;
  std::string username;
  std::int64_t user_id = 0;
  if (answer) {
    token = StringMember(*answer, "token");
    if (const auto* user = ObjectMember(*answer, "user")) {
      username = StringMember(*user, "username");
      user_id = IntegerMember(*user, "id").value_or(0);
    }
  }
  if (token.empty()) {
    response = JsonResponse(502, R"({"error":"The instance gave no usable sign-in answer"})");
    co_return;
  }
  sign_in_.Adopt(std::move(token), username);
  sign_in_.Reload();  // A first user may just have been made.
  response = JsonResponse(200, SignedInText(user_id, username));
}

rewrite::PageSetup ClaudeCodeUi::page_setup() const {
  rewrite::PageSetup setup;
  setup.local_storage = {{"auth-token", std::string(kPlaceholderToken)}};
  setup.router_basename = true;
  setup.raw_prefixes = {"/api/"};
  return setup;
}

std::unique_ptr<SocketWatch> ClaudeCodeUi::WatchSocket(const http::RequestHead& sent) {
  if (sent.path() != "/ws") return nullptr;
  return status_.WatchSocket();
}

void ClaudeCodeUi::OnInstanceFound() {
  status_.OnInstanceFound();
  sign_in_.Reload();
}

}  // namespace berth::agent
