// The rules for fields, on whatever fields there are: one "name: value" a line. Properties: nothing
// is left that may not cross, nothing else is lost or changed, and a second time changes nothing.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "http/grammar.h"
#include "http/header_rules.h"

namespace berth::http {
namespace {

std::string Canonical(std::string_view name) {
  std::string canonical = ToLower(name);
  std::ranges::replace(canonical, '_', '-');
  return canonical;
}

bool IsAnyOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

bool MayReachAnInstance(std::string_view name) {
  return !name.starts_with("x-forwarded") && !name.starts_with("x-orchestrator") &&
         !name.starts_with("x-berth") && !name.starts_with("proxy-") &&
         !IsAnyOf(name, {"connection", "keep-alive", "te", "trailer", "transfer-encoding",
                         "upgrade", "forwarded", "via", "x-real-ip", "expect", "proxy"});
}

bool MayReachABrowser(std::string_view name) {
  return !name.starts_with("public-key-pins") && !name.starts_with("x-berth") &&
         !name.starts_with("x-orchestrator") && !name.starts_with("proxy-") &&
         !IsAnyOf(name, {"connection",
                         "keep-alive",
                         "te",
                         "trailer",
                         "transfer-encoding",
                         "upgrade",
                         "clear-site-data",
                         "service-worker-allowed",
                         "strict-transport-security",
                         "alt-svc",
                         "report-to",
                         "reporting-endpoints",
                         "nel",
                         "x-refreshed-token",
                         "surrogate-control",
                         "cdn-cache-control",
                         "edge-control",
                         "x-accel-expires",
                         "x-accel-redirect",
                         "x-sendfile"});
}

Fields Parse(std::string_view text) {
  Fields fields;
  while (!text.empty() && fields.size() < 100) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (!IsToken(line.substr(0, colon)) || !IsFieldValue(value)) continue;
    fields.Add(line.substr(0, colon), TrimOws(value));
  }
  return fields;
}

using List = std::vector<std::pair<std::string, std::string>>;

List ListOf(const Fields& fields) {
  List list;
  for (const auto& [name, value] : fields) list.emplace_back(name, value);
  return list;
}

/// Names that Connection lists, canonical.
std::vector<std::string> NamedByConnection(const Fields& fields) {
  std::vector<std::string> named;
  for (const auto& [name, value] : fields) {
    if (Canonical(name) != "connection") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      named.push_back(Canonical(TrimOws(rest.substr(0, comma))));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return named;
}

}  // namespace
}  // namespace berth::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;        // NOLINT
  using namespace berth::http;  // NOLINT
  const Fields sent = Parse({reinterpret_cast<const char*>(data), size});
  const auto named = NamedByConnection(sent);
  const auto is_named = [&](const std::string& name) {
    return std::ranges::find(named, name) != named.end();
  };

  Fields request = sent;
  RemoveHopByHop(request);
  RemoveForwarding(request);
  List expected;
  for (const auto& [name, value] : sent) {
    const std::string canonical = Canonical(name);
    const bool is_false_length = canonical == "content-length" && name != "content-length";
    if (MayReachAnInstance(canonical) && !is_named(canonical) && !is_false_length) {
      expected.emplace_back(name, value);
    }
  }
  CHECK(ListOf(request) == expected);

  Fields response = sent;
  RemoveDangerous(response, {"own"});
  expected.clear();
  List cookies;
  for (const auto& [name, value] : sent) {
    const std::string canonical = Canonical(name);
    if (MayReachABrowser(canonical) && !is_named(canonical) && name != "set-cookie") {
      expected.emplace_back(name, value);
    }
  }
  List others;
  for (const auto& [name, value] : ListOf(response)) {
    if (name != "set-cookie") others.emplace_back(name, value);
  }
  CHECK(others == expected);
  CHECK(response.Count("set-cookie") <= sent.Count("set-cookie"));
  const List once = ListOf(response);
  RemoveDangerous(response, {"own"});
  CHECK(ListOf(response) == once);
  return 0;
}
