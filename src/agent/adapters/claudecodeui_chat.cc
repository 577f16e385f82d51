#include "agent/adapters/claudecodeui_chat.h"

#include <algorithm>
#include <array>

namespace berth::agent {
namespace {

// What a tool is to do may be a whole file, and is part of the question; the rest is short.
constexpr std::size_t kMaxQuestion = 1024 * 1024;
constexpr std::size_t kMaxMessage = 64 * 1024;

// The instance writes "kind" (up to 1.34 in part "type") first.
constexpr std::string_view kAsks = R"({"kind":"permission_)";
constexpr std::string_view kSubscribed = R"({"kind":"chat_subscribed")";
constexpr std::string_view kPending = R"({"type":"pending-permissions-response")";
constexpr std::array kWanted = {
    kAsks,
    kSubscribed,
    kPending,
    std::string_view(R"({"kind":"complete")"),
    std::string_view(R"({"kind":"error")"),
    std::string_view(R"({"kind":"session_upserted")"),
    std::string_view(R"({"type":"session-status")"),
    std::string_view(R"({"type":"active-sessions")"),
};

// But for what it takes from a transcript, results of tools and failures of Codex and OpenCode
// among it: there "kind" comes fifth.
constexpr std::string_view kFromTranscript = R"({"id":")";
constexpr std::string_view kResult = R"("kind":"tool_result")";
constexpr std::array kWantedOfTranscript = {
    kResult,
    std::string_view(R"("kind":"error")"),
};
constexpr std::size_t kMaxHead = 512;

bool BeginsAlike(std::string_view begun, std::string_view wanted) {
  const std::size_t size = std::min(begun.size(), wanted.size());
  return begun.substr(0, size) == wanted.substr(0, size);
}

/// How much of the result of a tool tells all that matters, but for the brace that closes it: whose
/// it is. What the tool said comes behind that, and may be of any length. 0 for other messages.
std::size_t HeadOfResult(std::string_view begun) {
  if (!begun.starts_with(kFromTranscript)) return 0;
  const std::size_t kind = begun.substr(0, kMaxHead).find(kResult);
  if (kind == std::string_view::npos) return 0;
  return begun.substr(0, kind).contains(R"("sessionId":)") ? kind + kResult.size() : 0;
}

std::size_t MaxSize(std::string_view begun) {
  const bool is_question =
      BeginsAlike(begun, kAsks) || BeginsAlike(begun, kSubscribed) || BeginsAlike(begun, kPending);
  return is_question ? kMaxQuestion : kMaxMessage;
}

}  // namespace

bool MayMatter(std::string_view begun) {
  if (BeginsAlike(begun, kFromTranscript)) {
    const std::string_view head = begun.substr(0, kMaxHead);
    return begun.size() < kMaxHead ||
           std::ranges::any_of(
               kWantedOfTranscript, [head](std::string_view kind) { return head.contains(kind); });
  }
  return std::ranges::any_of(
      kWanted, [begun](std::string_view wanted) { return BeginsAlike(begun, wanted); });
}

void ChatWatch::OnBytes(net::Bytes bytes) {
  std::string_view input = net::AsText(bytes);
  while (!is_lost_ && (!input.empty() || (in_payload_ && left_ == 0))) {
    if (!in_payload_) {
      if (!ReadHeader(input)) return;
      continue;
    }
    const std::size_t size = std::min<std::uint64_t>(left_, input.size());
    TakePayload(input.substr(0, size));
    input.remove_prefix(size);
    left_ -= size;
    if (left_ > 0) return;
    EndFrame();
  }
}

bool ChatWatch::ReadHeader(std::string_view& input) {
  std::size_t extended = 0;
  int length = 0;
  for (;;) {
    if (header_.size() >= 2) {
      length = header_[1] & 0x7f;
      extended = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (header_.size() == 2 + extended) break;
    }
    if (input.empty()) return false;
    header_.push_back(input.front());
    input.remove_prefix(1);
  }
  if (header_[1] & 0x80 || header_[0] & 0x70) is_lost_ = true;  // Masked, or an extension.
  left_ = extended == 0 ? static_cast<std::uint64_t>(length) : 0;
  for (std::size_t i = 2; i < header_.size(); ++i) {
    left_ = left_ << 8 | static_cast<unsigned char>(header_[i]);
  }
  const int opcode = header_[0] & 0x0f;
  is_final_ = (header_[0] & 0x80) != 0;
  is_control_ = opcode >= 8;
  if (opcode == 1) {
    message_.clear();
    is_wanted_ = true;
    is_told_ = false;
  } else if (opcode == 2) {
    is_wanted_ = false;
  }
  header_.clear();
  in_payload_ = true;
  return true;
}

void ChatWatch::TakePayload(std::string_view payload) {
  if (is_control_ || !is_wanted_ || is_told_) return;
  message_ += payload;
  if (const std::size_t head = HeadOfResult(message_); head > 0) {
    is_told_ = true;
    message_.resize(head);
    message_ += '}';
    return;
  }
  is_wanted_ = message_.size() <= MaxSize(message_) && MayMatter(message_);
  if (!is_wanted_) message_.clear();
}

void ChatWatch::EndFrame() {
  in_payload_ = false;
  if (is_control_ || !is_final_) return;
  if (is_wanted_ && !message_.empty()) {
    sessions_.OnMessage(message_, claudecodeui::Origin::kBrowser);
  }
  message_.clear();
}

}  // namespace berth::agent
