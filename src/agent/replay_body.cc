#include "agent/replay_body.h"

#include "base/check.h"

namespace berth::agent {

struct ReplaySource::State {
  http::BodyPtr inner;
  std::size_t limit = 0;
  bool is_keeping = true;
  bool has_ended = false;  // The inner body's end was seen.
  std::string kept;
};

class ReplayBody : public http::Body {
 public:
  explicit ReplayBody(std::shared_ptr<ReplaySource::State> state) : state_(std::move(state)) {}

  Task<Result<http::MutableBytes>> Read() override {
    if (position_ < state_->kept.size()) {
      again_ = state_->kept.substr(position_);  // A copy: readers may change what they get.
      position_ = state_->kept.size();
      co_return std::as_writable_bytes(std::span(again_));
    }
    if (!state_->is_keeping) {
      state_->kept = {};
      position_ = 0;
    }
    if (state_->has_ended) co_return http::MutableBytes();
    auto piece = co_await state_->inner->Read();
    if (!piece) {
      state_->is_keeping = false;
      co_return piece;
    }
    if (piece->empty()) {
      state_->has_ended = true;
      co_return piece;
    }
    Keep(net::AsText(*piece));
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return state_->inner->length(); }

 private:
  void Keep(std::string_view piece) {
    if (!state_->is_keeping) return;
    if (state_->kept.size() + piece.size() > state_->limit) {
      state_->is_keeping = false;
      state_->kept = {};
      position_ = 0;
      return;
    }
    state_->kept += piece;
    position_ = state_->kept.size();
  }

  std::shared_ptr<ReplaySource::State> state_;
  std::size_t position_ = 0;
  std::string again_;
};

ReplaySource::ReplaySource(http::BodyPtr inner, std::size_t limit)
    : state_(std::make_shared<State>()) {
  CHECK(inner != nullptr);
  state_->inner = std::move(inner);
  state_->limit = limit;
}

http::BodyPtr ReplaySource::Open() {
  CHECK(can_replay());
  return std::make_unique<ReplayBody>(state_);
}

bool ReplaySource::can_replay() const { return state_->is_keeping; }

void ReplaySource::Settle() {
  state_->is_keeping = false;  // The present reader frees what is kept once it is past that.
}

}  // namespace berth::agent
