#include "http/bound_body.h"

namespace berth::http {
namespace {

class BoundBody : public Body {
 public:
  BoundBody(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard,
            bool* was_read)
      : guard_(std::move(guard)),
        ended_(ended),
        why_(why),
        was_read_(was_read),
        inner_(std::move(inner)) {}

  Task<Result<MutableBytes>> Read() override {
    if (!inner_) co_return Ended();
    auto piece = co_await WithCancel(ended_, inner_->Read());
    if (!piece && ended_.is_set()) {
      inner_.reset();
      co_return Ended();
    }
    if (was_read_ != nullptr && piece && !piece->empty()) *was_read_ = true;
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override {
    return inner_ ? inner_->length() : std::nullopt;
  }

 private:
  Error Ended() const { return {.kind = why_, .message = "what allowed it has ended"}; }

  std::shared_ptr<const void> guard_;
  Event& ended_;
  const ErrorKind why_;
  bool* const was_read_;
  BodyPtr inner_;
};

}  // namespace

BodyPtr EndWith(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard,
                bool* was_read) {
  return std::make_unique<BoundBody>(std::move(inner), ended, why, std::move(guard), was_read);
}

}  // namespace berth::http
