// The adapter for claudecodeui, versions 1.34 to 1.37: signs every request in with the instance's
// own kind of token, keeps that token away from browsers, and reads whether a model is working.
//
// The browser holds a placeholder. A request loses whatever credential it brings (Authorization,
// `token` in the query, which would win over the header on a WebSocket) and gets ours.
#pragma once

#include "agent/adapters/claudecodeui_sign_in.h"
#include "agent/adapters/claudecodeui_status.h"

namespace berth::agent {

class ClaudeCodeUi : public Adapter {
 public:
  ClaudeCodeUi(AdapterContext context, SignInOptions options)
      : context_(context),
        clock_(options.wall_clock),
        sign_in_(context, std::move(options)),
        status_(context, sign_in_, clock_) {}

  std::string_view kind() const override { return "claudecodeui"; }
  std::optional<http::Response> Answer(const http::RequestHead& head) override;
  Task<Result<void>> Prepare(http::RequestHead& head) override;
  Task<Verdict> Inspect(const http::RequestHead& sent, http::Response& response) override;
  rewrite::PageSetup page_setup() const override;
  Task<Result<void>> Refresh() override { return status_.Refresh(); }
  // Often enough for a run that begins to be shown within a second.
  Duration refresh_every() const override { return std::chrono::milliseconds(400); }
  std::vector<control::SessionInfo> Sessions() const override { return status_.Sessions(); }
  void MarkSeen(std::string_view session) override { status_.Seen(session); }
  Task<control::AnswerResult> GiveAnswer(control::Answer answer) override {
    return status_.GiveAnswer(std::move(answer));
  }
  std::unique_ptr<SocketWatch> WatchSocket(const http::RequestHead& sent) override;
  void SetOnChange(std::function<void()> on_change) override {
    status_.SetOnChange(std::move(on_change));
  }
  void SetOnNews(std::function<void()> on_news) override { status_.SetOnNews(std::move(on_news)); }
  void SetWatched(bool is_watched) override { status_.SetWatched(is_watched); }
  bool may_retry() const override { return true; }
  bool HasSideEffects(const http::RequestHead& head) const override;
  MessageFilter ViewerMessages(const http::RequestHead& head) const override;
  void OnInstanceFound() override;

  SignIn& sign_in() { return sign_in_; }

 private:
  Task<void> TakeOverSignIn(http::Response& response);

  AdapterContext context_;
  const WallClock clock_;
  SignIn sign_in_;
  ChatStatus status_;
};

/// What stands for the token in a browser's storage. Not a valid token, so that pages neither read
/// an expiry out of it nor try to renew it.
inline constexpr std::string_view kPlaceholderToken = "berth.berth.berth";

/// `target` without the parameters of its query that an instance could read as `token`, whatever
/// their escaping. Everything else stays byte-identical.
std::string WithoutTokenParameter(std::string_view target);

/// The path of `target` as the instance's router compares it: without escapes, in lower case,
/// without trailing slashes.
std::string RoutingPath(std::string_view target);

}  // namespace berth::agent
