#include "hub/problem.h"

#include "http/problem.h"
#include "hub/cross_site.h"

namespace berth::hub {
namespace {

// The page stands alone: on an instance's address no asset of the hub is at hand. Its style and its
// script are allowed by hash; problem_test.cc checks the hashes.
constexpr std::string_view kStyle =
    ":root{color-scheme:light dark}body{font:100%/1.5 system-ui,sans-serif;max-width:34rem;"
    "margin:18vh auto 0;padding:0 1.25rem}h1{font-size:1.3rem;margin:0 0 .5rem}p{margin:.5rem 0;"
    "opacity:.85}";
constexpr std::string_view kStyleHash = "sha256-V83/sT8uT4Q4wxK3z3K3UULArT9rciUilH4jp27BrBc=";

// Loads the page again only where the hub answers otherwise than the page says: what is read or has
// the focus stays. It does not ask for the page's own address: that would reach the instance once
// it is back, as a request of the instance's own script, whoever led here.
constexpr std::string_view kScript = R"(const told = document.querySelector("p").textContent;
const {probe} = document.querySelector("main").dataset;
async function look() {
  try {
    const answer = await fetch(probe, {redirect: "manual", cache: "no-store"});
    const isProblem = answer.headers.get("content-type") === "application/problem+json";
    if (!isProblem || (await answer.json()).detail !== told) return location.reload();
  } catch {
    // The hub is away too.
  }
  setTimeout(look, 3000);
}
setTimeout(look, 3000);
)";
constexpr std::string_view kScriptHash = "sha256-W+bz8lRbH82Etw/9CMxd/Xr9s5FRjxdpwHH8pyn1O64=";

}  // namespace

Problem ProblemOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalid:
      return {400, "Bad request", "The request could not be understood."};
    case ErrorKind::kUnauthorized:
      return {401, "Not signed in", "Sign in at the hub, then retry."};
    case ErrorKind::kForbidden:
      return {403, "Not allowed", "This request is not allowed."};
    case ErrorKind::kNotFound:
      return {404, "Not found", "There is nothing at this address."};
    case ErrorKind::kConflict:
      return {409, "Conflict", "Somebody else changed this; look again."};
    case ErrorKind::kTooLarge:
      return {413, "Too large", "The request exceeds a limit of the hub."};
    case ErrorKind::kUnavailable:
      return {502, "Not reachable", "The instance did not answer; it may be restarting."};
    case ErrorKind::kTimeout:
      return {504, "No answer in time", "The instance took too long to answer."};
    case ErrorKind::kCancelled:
      return {503, "Cancelled", "The hub is shutting down; try again."};
    case ErrorKind::kInternal:
      break;
  }
  return {500, "Internal error", "The hub failed; its log says why."};
}

Problem HubProblemOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalid:
    case ErrorKind::kTooLarge:
      return ExplainedProblem(error);
    case ErrorKind::kUnavailable:
      return {503, "Not available", "The hub cannot use its database now; try again."};
    case ErrorKind::kTimeout:
      return {408, "Too slow", "The request's body did not arrive in time."};
    default:
      return ProblemOf(error);
  }
}

Problem ExplainedProblem(const Error& error) {
  Problem problem = ProblemOf(error);
  problem.detail = error.message + ".";
  if (problem.detail[0] >= 'a' && problem.detail[0] <= 'z') problem.detail[0] -= 'a' - 'A';
  return problem;
}

http::Response ProblemResponse(const Problem& problem) {
  return http::ProblemDetails(problem.status, problem.title, problem.detail);
}

http::Response TooManyAttempts(std::chrono::seconds wait) {
  auto response =
      ProblemResponse({429, "Too many attempts", fmt::format("Try again in {} s.", wait.count())});
  response.head.fields.Add("retry-after", std::to_string(wait.count()));
  return response;
}

http::Response StoppingProblem() {
  auto response = ProblemResponse({503, "Stopping", "The hub is stopping; try again."});
  response.head.fields.Add("retry-after", "1");
  return response;
}

Reader ReaderOf(const http::RequestHead& head) {
  return IsNavigation(head) ? Reader::kPerson : Reader::kProgram;
}

http::Response ProblemFor(Reader reader, const Problem& problem, std::string_view probe,
                          std::string_view home) {
  if (reader == Reader::kProgram) return ProblemResponse(problem);
  const bool retries = !probe.empty();
  const std::string title = EscapeHtml(problem.title);
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{}"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main{}>\n<h1>{}</h1>\n"
      "<p>{}</p>\n{}{}<p><a href=\"{}\">All your instances</a></p>\n</main>\n{}</body>\n</html>\n",
      retries ? "<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>\n" : "", title,
      kStyle, retries ? fmt::format(" data-probe=\"{}\"", EscapeHtml(probe)) : "", title,
      EscapeHtml(problem.detail),
      retries ? "<p>This page tries again every 3 seconds and continues by itself.</p>\n" : "",
      problem.link.empty() ? ""
                           : fmt::format("<p><a href=\"{}\">{}</a></p>\n", EscapeHtml(problem.link),
                                         EscapeHtml(problem.link_text)),
      EscapeHtml(home), retries ? fmt::format("<script>{}</script>\n", kScript) : "");
  auto response = http::TextResponse(problem.status, "text/html; charset=utf-8", std::move(page));
  http::NeverKept(response.head.fields);
  // In path mode it has an instance's address, to which its links to the hub would be led back
  // (Router::ServeHub).
  response.head.fields.Add("referrer-policy", "no-referrer");
  response.head.fields.Add(
      "content-security-policy",
      fmt::format(
          "default-src 'none'; style-src '{}'; {}base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'",
          kStyleHash,
          retries ? fmt::format("script-src '{}'; connect-src 'self'; ", kScriptHash) : ""));
  return response;
}

void AddPageSecurity(http::Fields& fields) {
  fields.Set("content-security-policy",
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
             "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
             "base-uri 'none'; frame-ancestors 'none'");
  fields.Set("x-content-type-options", "nosniff");
  fields.Set("referrer-policy", "same-origin");
  fields.Set("cross-origin-opener-policy", "same-origin");
}

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped.push_back(c);
    }
  }
  return escaped;
}

}  // namespace berth::hub
