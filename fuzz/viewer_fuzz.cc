// What a viewer says on a claudecodeui's WebSocket. Properties: how the bytes are cut changes
// nothing; what leaves is whole frames, and of text nothing but JSON objects, as we write them, of
// the types that change nothing. A terminal hears no text at all.
//
// Input: one byte of options (bit 0: the terminal's socket, bit 1: a version in which subscribing
// takes nothing away), one byte that seeds the cuts, then the bytes of the browser.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <set>

#include "agent/adapters/claudecodeui.h"
#include "agent/fake_instance_testing.h"
#include "agent/viewer_filter.h"
#include "agent/worker_testing.h"
#include "base/check.h"
#include "base/executor_testing.h"
#include "base/json.h"

namespace berth::agent {
namespace {

using Kind = http::WebSocketEvent::Kind;

/// Gives `bytes` in small and irregular pieces, from a seed; 0: whole.
class Pieces : public http::Body {
 public:
  Pieces(std::string_view bytes, std::uint32_t seed) : bytes_(bytes), seed_(seed) {}
  Task<Result<http::MutableBytes>> Read() override {
    const auto rest = std::as_writable_bytes(std::span(bytes_)).subspan(at_);
    std::size_t size = rest.size();
    if (seed_ != 0) {
      seed_ = seed_ * 1664525U + 1013904223U;
      size = std::min<std::size_t>(size, 1 + (seed_ >> 24U) % 11);
    }
    at_ += size;
    co_return rest.first(size);
  }

 private:
  std::string bytes_;
  std::uint32_t seed_;
  std::size_t at_ = 0;
};

struct Passed {
  Kind kind;
  std::string payload;
  bool operator==(const Passed&) const = default;
};

struct Transcript {
  std::vector<Passed> passed;
  bool is_broken_off = false;
};

/// Adds the frames of a piece that left: it holds nothing else, and each is whole.
void AddFrames(http::MutableBytes piece, std::vector<Passed>& passed) {
  http::WebSocketDecoder decoder(http::WebSocketRole::kAcceptor, {.accept_binary = false});
  const std::size_t size = piece.size();
  std::size_t counted = 0;
  for (;;) {
    auto event = decoder.Next(piece);
    CHECK(event.has_value());
    if (!*event) break;
    Passed one{(*event)->kind, std::string((*event)->text())};
    if (one.kind == Kind::kClose) one.payload = http::ClosePayload((*event)->code, one.payload);
    counted += http::FrameHeaderSize(one.payload.size(), true) + one.payload.size();
    passed.push_back(std::move(one));
  }
  CHECK(counted == size);
}

Transcript Filter(std::string_view bytes, std::uint32_t seed, MessageFilter filter) {
  Transcript transcript;
  ViewerFilter viewer(std::make_unique<Pieces>(bytes, seed), std::move(filter));
  for (;;) {
    auto reading = viewer.Read();
    reading.Start();
    auto piece = reading.Take();  // Nothing in it waits.
    transcript.is_broken_off = !piece;
    if (!piece || piece->empty()) return transcript;
    AddFrames(*piece, transcript.passed);
  }
}

/// `json` with 0 for each of its numbers: one that a double does not hold exactly may be another
/// one each time that it is read and written.
std::string WithoutNumbers(std::string_view json) {
  std::string plain;
  bool is_in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!is_in_string && (c == '-' || (c >= '0' && c <= '9'))) {
      i = std::min(json.find_first_not_of("0123456789+-.eE", i), json.size()) - 1;
      plain += '0';
      continue;
    }
    plain += c;
    if (c == '"') is_in_string = !is_in_string;
    if (is_in_string && c == '\\') plain += json[++i];
  }
  return plain;
}

void CheckText(std::string_view json, bool is_audience_shared) {
  static const std::set<std::string_view> always = {"ping", "get-active-sessions",
                                                    "get-pending-permissions"};
  static const std::set<std::string_view> shared = {"chat.subscribe", "check-session-status"};
  CHECK(ParseJson(json).has_value());
  const std::string text = WithoutNumbers(json);
  auto value = ParseJson(text);
  CHECK(value.has_value() && value->is_object());
  const std::string_view type = value->get_object().at("type").as_string();
  CHECK(always.contains(type) || (is_audience_shared && shared.contains(type)));
  // The instance reads what was looked at: no key twice, no spelling of its own.
  CHECK(boost::json::serialize(*value) == text);
}

}  // namespace
}  // namespace berth::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::agent;  // NOLINT
  if (size < 2) return 0;
  const bool is_terminal = (data[0] & 1U) != 0;
  const bool is_audience_shared = (data[0] & 2U) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);

  berth::testing::TestExecutor executor;
  InlineWorker worker;
  testing::FakeInstance instance;
  const InstanceInfo info{.version = is_audience_shared ? "1.37.3" : "1.37.2"};
  const ClaudeCodeUi adapter({executor, worker, instance, info}, {});
  berth::http::RequestHead head;
  head.method = "GET";
  head.target = is_terminal ? "/shell?token=x" : "/ws?token=x";

  const Transcript whole = Filter(bytes, 0, adapter.ViewerMessages(head));
  const Transcript cut = Filter(bytes, data[1] + 1U, adapter.ViewerMessages(head));
  CHECK(whole.is_broken_off == cut.is_broken_off);
  // What comes with a frame that breaks the protocol may be gone with it.
  const std::size_t common = std::min(whole.passed.size(), cut.passed.size());
  CHECK(whole.is_broken_off || whole.passed.size() == cut.passed.size());
  CHECK(std::equal(whole.passed.begin(), whole.passed.begin() + static_cast<long>(common),
                   cut.passed.begin()));
  for (const Passed& one : cut.passed) {
    CHECK(one.kind != Kind::kBinary);
    CHECK(one.kind != Kind::kText || !is_terminal);
    if (one.kind == Kind::kText) CheckText(one.payload, is_audience_shared);
  }
  return 0;
}
