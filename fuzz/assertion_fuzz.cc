// Assertions. Nothing that is not signed by the key is taken; what is signed and taken can be made
// again from what was read, and then reads the same.
//
// The first byte decides whether the rest is the text itself, or JSON that is signed for it.
#include "base/check.h"
#include "base/encoding.h"
#include "control/assertion.h"

namespace berth::control {
namespace {

const Ed25519PrivateKey& Key() {
  static const auto key = Ed25519PrivateKey::From("0123456789abcdef0123456789abcdef").value();
  return key;
}

const Ed25519PublicKey* Find(std::string_view) { return &Key().public_key(); }

void Check(std::string_view text, bool is_ours) {
  const AssertionDemand demand{
      .audience = "laptop", .tunnel = "t", .now = WallTime(std::chrono::seconds(1'700'000'000))};
  auto read = VerifyAssertion(text, demand, Find);
  if (!read) return;
  CHECK(is_ours);
  CHECK(read->audience == demand.audience && read->tunnel == demand.tunnel);
  auto again = MakeAssertion(*read, Key());
  if (!again) return;  // A field was empty, or more groups than we would write.
  auto reread = VerifyAssertion(*again, demand, Find);
  CHECK(reread.has_value());
  if (reread->groups.size() == read->groups.size()) CHECK(*reread == *read);
}

}  // namespace
}  // namespace berth::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;  // NOLINT
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    control::Check(input, false);
    return 0;
  }
  std::string text = Base64UrlEncode(std::as_bytes(std::span(input)));
  const Ed25519Signature signature = control::Key().Sign(text);
  control::Check(text + "." + Base64UrlEncode(signature), true);
  return 0;
}
