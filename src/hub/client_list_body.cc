#include "hub/client_list_body.h"

#include <span>
#include <string>
#include <utility>

#include "base/event.h"
#include "control/message.h"
#include "hub/client_view.h"
#include "hub/registry.h"

namespace berth::hub {
namespace {

/// A piece that has as much is full; one instance alone may take more.
constexpr std::size_t kPiece = 16 * 1024;

class ListBody : public http::Body {
 public:
  ListBody(const HubContext& hub, std::function<identity::PersonPtr()> reader)
      : hub_(hub), reader_(std::move(reader)) {
    const std::string empty = control::Serialise(control::ClientList{});
    const std::size_t middle = empty.find("[]") + 1;
    piece_ = empty.substr(0, middle);
    end_ = empty.substr(middle);
  }

  Task<Result<http::MutableBytes>> Read() override {
    if (std::exchange(is_begun_, true)) {
      // They may be read as fast as they are made: others have their turn between two.
      if (!end_.empty()) co_await TurnEnd(hub_.executor);
      piece_.clear();
    }
    if (!end_.empty()) {
      const identity::PersonPtr person = reader_();
      if (!person) co_return Unauthorized("may not read the rest of the list");
      Fill(*person);
    }
    co_return std::as_writable_bytes(std::span(piece_));
  }

 private:
  void Fill(const store::User& person) {
    while (piece_.size() < kPiece) {
      const auto next = hub_.registry.Next(last_id_, person);
      if (!next) {
        piece_ += std::exchange(end_, {});
        return;
      }
      if (!last_id_.empty()) piece_ += ',';
      last_id_ = next->instance->id();
      piece_ += control::Serialise(ClientViewOf(hub_, *next));
    }
  }

  const HubContext& hub_;
  const std::function<identity::PersonPtr()> reader_;
  bool is_begun_ = false;
  std::string piece_;    ///< What was read last; what the list begins with, before that.
  std::string end_;      ///< What it ends with; empty once that was read.
  std::string last_id_;  ///< The instance in it that was read last.
};

}  // namespace

http::BodyPtr ClientListBody(const HubContext& hub, std::function<identity::PersonPtr()> reader) {
  return std::make_unique<ListBody>(hub, std::move(reader));
}

}  // namespace berth::hub
