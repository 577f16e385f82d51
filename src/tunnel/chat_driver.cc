#include "tunnel/chat_driver.h"

#include "base/log.h"

namespace berth::tunnel {
namespace {

constexpr std::size_t kMaxWaiting = 64;
// What a message needs around the frame that it carries.
constexpr std::uint64_t kEnvelope = 64 * 1024;

http::WebSocketChannel::Options ChannelOptions(const Limits& limits) {
  http::WebSocketChannel::Options options;
  options.max_text = limits.version1_message - std::min(limits.version1_message / 2, kEnvelope);
  options.max_queued = 4 * limits.version1_request;
  options.accept_binary = false;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

}  // namespace

ChatDriver::ChatDriver(Executor& executor, const Limits& limits, Open open, OnData on_data)
    : executor_(executor),
      limits_(limits),
      open_(std::move(open)),
      on_data_(std::move(on_data)),
      channel_(executor, http::WebSocketRole::kDialer, ChannelOptions(limits)),
      closed_(executor) {}

Task<ChatEnd> ChatDriver::Run(std::string action, control::Json payload) {
  if (action == control::kCloseAction) co_return ChatEnd{};
  life_ = control::LifeOf(action);
  auto opening = WithDeadline(executor_, limits_.connect_timeout, "open the chat socket",
                              open_(channel_.TakeOutgoing()));
  auto response = co_await WithCancel(closed_, std::move(opening));
  if (is_overrun_) co_return ChatEnd{.error = "too much was said before the chat was open"};
  if (closed_.is_set()) co_return ChatEnd{};  // Perhaps as it opened.
  if (!response) co_return ChatEnd{.error = "the instance's chat cannot be reached"};
  if (!response->is_upgraded()) {
    co_return ChatEnd{.error =
                          fmt::format("the instance's chat answered {}", response->head.status)};
  }
  channel_.Attach(std::move(response->body));
  is_open_ = true;
  Say(control::ComposeChatFrame(action, payload));
  for (std::string& text : std::exchange(waiting_, {})) Say(std::move(text));
  if (life_ == control::ChatLife::kOneWay) channel_.Close(http::close_code::kNormal, "");
  co_return co_await Converse();
}

Task<ChatEnd> ChatDriver::Converse() {
  bool is_finished = life_ == control::ChatLife::kOneWay;
  for (;;) {
    auto event = co_await channel_.Receive();
    if (!event) {
      if (is_finished || closed_.is_set()) co_return ChatEnd{};
      co_return ChatEnd{.error = "the instance's chat broke off"};
    }
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      ChatEnd end;
      end.is_closed = !is_finished && !closed_.is_set();
      end.code = event->code == http::close_code::kNone ? http::close_code::kNormal : event->code;
      end.reason = event->text();
      co_return end;
    }
    if (event->kind != http::WebSocketEvent::Kind::kText || is_finished) continue;
    is_finished = control::EndsChat(life_, event->text());
    on_data_(control::ChatData(event->text()));
    if (is_finished) channel_.Close(http::close_code::kNormal, "");
  }
}

void ChatDriver::FollowUp(const control::Json& payload) {
  auto frame = control::ParseChatFrame(payload.text);
  if (!frame) {
    LogDebug("chat: a follow-up that is no message: {}", frame.error().message);
    return;
  }
  if (frame->action == control::kCloseAction) return Close();
  if (is_open_) return Say(payload.text);
  waiting_size_ += payload.text.size();
  if (waiting_.size() < kMaxWaiting && waiting_size_ <= 4 * limits_.version1_request) {
    waiting_.push_back(payload.text);
    return;
  }
  is_overrun_ = true;
  waiting_.clear();
  Close();
}

void ChatDriver::Close() {
  if (closed_.is_set()) return;
  closed_.Set();
  if (is_open_) channel_.Close(http::close_code::kNormal, "");
}

void ChatDriver::Say(std::string text) {
  auto sent = channel_.SendText(text);
  if (!sent && channel_.is_open()) channel_.Abort(std::move(sent).error());
}

}  // namespace berth::tunnel
