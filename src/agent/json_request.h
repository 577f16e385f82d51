// Small questions that the agent itself asks the instance, answered in JSON.
//
// An unknown API route of a claudecodeui answers 200 with a web page, so an answer that is not
// declared as JSON is an error here, never data.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "agent/instance.h"
#include "base/executor.h"
#include "base/result.h"
#include "http/message.h"

namespace berth::agent {

struct JsonQuestion {
  std::string method = "GET";
  std::string target{};
  std::string token{};    ///< Sent as a bearer token; empty: none.
  std::string api_key{};  ///< Sent as x-api-key; empty: none.
  std::string body{};     ///< JSON; empty: none.
};

struct JsonAnswer {
  int status = 0;
  boost::json::value value{};  ///< Null with 300 and above unless that is JSON.
};

/// kNotFound: a web page with status 200, as a claudecodeui gives for every path that it does not
/// know. kInvalid: the answer is otherwise not JSON (or over 1 MiB). One of status 300 or above is
/// an answer all the same: its page says nothing about what the instance knows. kTimeout: none
/// within 10 s. Otherwise the errors of `instance`, which must outlive the call; an unknown host
/// name is kUnavailable.
Task<Result<JsonAnswer>> AskJson(Executor& executor, http::Service& instance, InstanceInfo info,
                                 JsonQuestion question);

/// Whether a proxy answered for an instance that is away, as far as one can tell: 502 to 504.
bool IsFromProxy(const JsonAnswer& answer);

/// Whether the instance answered, with whatever: `answer` is no error, or one of those that speak
/// of what came.
bool HasAnswered(const Result<JsonAnswer>& answer);

}  // namespace berth::agent
