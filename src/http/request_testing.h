// For tests: a request as the hub's router passes it on.
#pragma once

#include <string>
#include <utility>

#include "http/message.h"

namespace berth::http::testing {

/// Of a browser to https://hub.example; a POST where it has a body.
inline Request MakeRequest(std::string target, BodyPtr body = nullptr) {
  Request request;
  request.head.method = body ? "POST" : "GET";
  request.head.scheme = "https";
  request.head.authority = "hub.example";
  request.head.target = std::move(target);
  request.body = std::move(body);
  return request;
}

}  // namespace berth::http::testing
