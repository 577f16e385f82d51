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
    if (inner_ && !ended_.is_set()) {
      auto reading = inner_->Read();
      reading.Start();
      co_await DoneOr(reading, ended_);
      if (reading.is_done()) {
        auto piece = reading.Take();
        if (was_read_ != nullptr && piece && !piece->empty()) *was_read_ = true;
        if (piece || !ended_.is_set()) co_return piece;
      }
    }
    inner_.reset();
    co_return Error{.kind = why_, .message = "what allowed it has ended"};
  }
  void Cut() override {
    if (inner_) inner_->Cut();
  }
  std::optional<std::uint64_t> length() const override {
    return inner_ ? inner_->length() : std::nullopt;
  }

 protected:
  Event& ended() { return ended_; }

 private:
  std::shared_ptr<const void> guard_;
  Event& ended_;
  const ErrorKind why_;
  bool* const was_read_;
  BodyPtr inner_;
};

class CutBody : public BoundBody {
 public:
  CutBody(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard)
      : BoundBody(std::move(inner), ended, why, std::move(guard), nullptr) {
    watch_.Start();
  }

 private:
  Task<void> Watch() {
    co_await ended().Wait();
    Cut();
  }

  Task<void> watch_ = Watch();
};

}  // namespace

BodyPtr EndWith(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard,
                bool* was_read) {
  return std::make_unique<BoundBody>(std::move(inner), ended, why, std::move(guard), was_read);
}

BodyPtr CutWith(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard) {
  return std::make_unique<CutBody>(std::move(inner), ended, why, std::move(guard));
}

}  // namespace berth::http
