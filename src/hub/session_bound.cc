#include "hub/session_bound.h"

namespace berth::hub {
namespace {

class SessionBoundBody : public http::Body {
 public:
  SessionBoundBody(http::BodyPtr inner, Event& ended, std::shared_ptr<const void> guard)
      : guard_(std::move(guard)), ended_(ended), inner_(std::move(inner)) {}

  Task<Result<http::MutableBytes>> Read() override {
    if (!inner_) co_return Unauthorized("the session ended");
    auto piece = co_await WithCancel(ended_, inner_->Read());
    if (!piece && ended_.is_set()) {
      inner_.reset();
      co_return Unauthorized("the session ended");
    }
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override {
    return inner_ ? inner_->length() : std::nullopt;
  }

 private:
  std::shared_ptr<const void> guard_;
  Event& ended_;
  http::BodyPtr inner_;
};

}  // namespace

http::BodyPtr BindToSession(http::BodyPtr inner, Event& ended, std::shared_ptr<const void> guard) {
  return std::make_unique<SessionBoundBody>(std::move(inner), ended, std::move(guard));
}

}  // namespace berth::hub
