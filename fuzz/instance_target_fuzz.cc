// Targets on their way to a claudecodeui. Properties: no parameter that is left is `token` to any
// reader of queries, and all else is as it came; a route is the same in whatever spelling, so that
// none gets past what is kept from browsers and viewers.
//
// The first byte of the input seeds the spelling.
#include <algorithm>
#include <cstdint>

#include "agent/adapters/claudecodeui.h"
#include "agent/fake_instance_testing.h"
#include "agent/forwarder.h"
#include "agent/worker_testing.h"
#include "base/check.h"
#include "base/executor_testing.h"
#include "http/query.h"

namespace berth::agent {
namespace {

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

/// What stands between '?', '&' and the end; nothing without a '?'.
std::vector<std::string_view> ParametersOf(std::string_view target) {
  std::vector<std::string_view> parameters;
  for (std::size_t at = target.find('?'); at != target.npos;) {
    const std::size_t end = target.find('&', at + 1);
    parameters.push_back(target.substr(at + 1, end == target.npos ? end : end - at - 1));
    at = end;
  }
  return parameters;
}

/// Unescapes like a reader to whom broken escapes stand for themselves.
std::string Unescaped(std::string_view text) {
  const auto is_hex = [text](std::size_t at) {
    return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  std::string repaired;
  for (std::size_t i = 0; i < text.size(); ++i) {
    repaired += text[i];
    if (text[i] == '%' && !(is_hex(i + 1) && is_hex(i + 2))) repaired += "25";
  }
  return http::UnescapeQuery(repaired).value();
}

bool IsToken(std::string_view parameter) {
  const std::string name = Unescaped(parameter.substr(0, parameter.find('=')));
  return name == "token" || name.starts_with("token[") || name.starts_with("[token]");
}

void CheckParameters(std::string_view target) {
  const std::string clean = WithoutTokenParameter(target);
  CHECK(PathOf(clean) == PathOf(target));
  auto expected = ParametersOf(target);
  std::erase_if(expected, IsToken);
  CHECK(ParametersOf(clean) == expected);
  CHECK(WithoutTokenParameter(clean) == clean);
  CHECK(!CheckTarget("GET", target) || CheckTarget("GET", clean));
}

/// `path` with some of its bytes escaped, some letters large, and perhaps a slash more.
std::string AnotherSpelling(std::string_view path, std::uint32_t seed) {
  std::string spelling;
  for (const char c : path) {
    seed = seed * 1664525U + 1013904223U;
    const bool is_letter = c >= 'a' && c <= 'z';
    const char written = is_letter && (seed >> 30U) % 2 != 0 ? static_cast<char>(c - 32) : c;
    if (c == '%' || c == '?' || (seed >> 24U) % 4 == 0) {
      spelling += fmt::format("%{:02x}", static_cast<unsigned char>(written));
    } else {
      spelling += written;
    }
  }
  if (!path.empty() && seed % 3 == 0) spelling += '/';
  return spelling;
}

void CheckRoutes(std::string_view target, std::uint32_t seed) {
  const std::string path = RoutingPath(target);
  CHECK(RoutingPath(PathOf(target)) == path);
  CHECK(std::ranges::none_of(path, [](char c) { return c >= 'A' && c <= 'Z'; }));
  CHECK(path.size() < 2 || !path.ends_with('/'));
  const std::string other = AnotherSpelling(path, seed);
  CHECK(RoutingPath(other) == path);

  berth::testing::TestExecutor executor;
  InlineWorker worker;
  testing::FakeInstance instance;
  const InstanceInfo info{.version = "1.37.3"};
  ClaudeCodeUi adapter({executor, worker, instance, info}, {});
  http::RequestHead head;
  http::RequestHead again;
  head.method = again.method = "GET";
  head.target = target;
  again.target = other;
  CHECK(adapter.HasSideEffects(head) == adapter.HasSideEffects(again));
  CHECK(adapter.Answer(head).has_value() == adapter.Answer(again).has_value());
  // These, which open, are compared byte for byte.
  const bool may_open = PathOf(target) == "/ws" || PathOf(target) == "/shell";
  CHECK((adapter.ViewerMessages(head) != nullptr) == may_open);
}

}  // namespace
}  // namespace berth::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view target(reinterpret_cast<const char*>(data) + 1, size - 1);
  berth::agent::CheckParameters(target);
  berth::agent::CheckRoutes(target, data[0]);
  return 0;
}
