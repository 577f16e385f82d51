// How the hub says no: problem details for programs (RFC 9457), a small page for people.
//
// The only table from error kinds to public text; an Error's message stays in the log. Whatever the
// hub answers on an instance's address must never be kept by a service worker or a cache:
// Cache-Control: no-store, and Vary: *, which makes Cache.put refuse it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace berth::hub {

/// What went wrong, in words for the user: what happened, and what to do next.
struct Problem {
  int status = 500;
  std::string title;
  std::string detail;
  std::string link = {};       ///< Where the page leads besides; "" for nowhere.
  std::string link_text = {};  ///< The words of that link.
};

/// The public account of an error.
Problem ProblemOf(const Error& error);

/// The same where no instance has a part in it: what is not available or late is the hub's own
/// database or the caller's body, and kInvalid and kTooLarge speak of what the caller sent.
Problem HubProblemOf(const Error& error);

/// ProblemOf() with the error's own message as the detail: for errors whose text is written for the
/// caller and tells nothing of the hub's inside.
Problem ExplainedProblem(const Error& error);

/// application/problem+json.
http::Response ProblemResponse(const Problem& problem);

/// 429 with Retry-After.
http::Response TooManyAttempts(std::chrono::seconds wait);

/// 503 with Retry-After: the hub is stopping.
http::Response StoppingProblem();

enum class Retry { kNo, kEvery3Seconds };

/// Below an instance's address: whether the hub would let a request through to it now. What the
/// page of a problem asks that is worth another try; the instance hears nothing of it.
inline constexpr std::string_view kProbePath = "/.berth/live";

/// Who reads an answer of the hub: somebody who navigated to it, or a program.
enum class Reader { kPerson, kProgram };
Reader ReaderOf(const http::RequestHead& head);

/// The answer where both may read it, as on an instance's address: a page for people, problem
/// details for programs. `home` is where the page's link to all instances leads. `probe`: the path
/// that the page asks every 3 seconds whether it is worth loading again (kProbePath); "" for none.
http::Response ProblemFor(Reader reader, const Problem& problem, std::string_view probe,
                          std::string_view home);

/// Adds the fields that every page of the hub itself carries (security: "On the hub's own pages").
void AddPageSecurity(http::Fields& fields);

/// `text` with &, <, >, " and ' escaped.
std::string EscapeHtml(std::string_view text);

}  // namespace berth::hub
