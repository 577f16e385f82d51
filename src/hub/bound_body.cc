#include "hub/bound_body.h"

namespace berth::hub {
namespace {

class BoundBody : public http::Body {
 public:
  BoundBody(http::BodyPtr inner, Event& ended, std::shared_ptr<const void> guard, bool* was_read)
      : guard_(std::move(guard)), ended_(ended), was_read_(was_read), inner_(std::move(inner)) {}

  Task<Result<http::MutableBytes>> Read() override {
    if (!inner_) co_return Unauthorized("no longer allowed");
    auto piece = co_await WithCancel(ended_, inner_->Read());
    if (!piece && ended_.is_set()) {
      inner_.reset();
      co_return Unauthorized("no longer allowed");
    }
    if (was_read_ != nullptr && piece && !piece->empty()) *was_read_ = true;
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override {
    return inner_ ? inner_->length() : std::nullopt;
  }

 private:
  std::shared_ptr<const void> guard_;
  Event& ended_;
  bool* const was_read_;
  http::BodyPtr inner_;
};

}  // namespace

http::BodyPtr EndWith(http::BodyPtr inner, Event& ended, std::shared_ptr<const void> guard,
                      bool* was_read) {
  return std::make_unique<BoundBody>(std::move(inner), ended, std::move(guard), was_read);
}

}  // namespace berth::hub
