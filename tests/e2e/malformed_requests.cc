// Prints the table of malformed requests (src/http/h1_malformed_testing.h), one per line, for tests
// in other languages: where it is broken ("head" or "body"), the status that must answer it, its
// name with '-' for spaces, and its bytes in hexadecimal.
#include <fmt/format.h>

#include <algorithm>

#include "http/h1_malformed_testing.h"

namespace {

void Print(const char* where, const berth::http::testing::MalformedRequest& request) {
  std::string name(request.name);
  std::ranges::replace(name, ' ', '-');
  std::string hex;
  for (const char c : request.bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  fmt::print("{} {} {} {}\n", where, request.status, name, hex);
}

}  // namespace

int main() {
  for (const auto& request : berth::http::testing::MalformedRequests()) Print("head", request);
  for (const auto& request : berth::http::testing::MalformedBodies()) Print("body", request);
}
