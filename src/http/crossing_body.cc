#include "http/crossing_body.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/log.h"

namespace berth::http {
namespace {

using crossing::Message;

constexpr std::size_t kLittle = std::to_underlying(net::BlockSize::kSmall);

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

template <class Map>
typename Map::mapped_type Find(const Map& map, std::uint64_t id) {
  const auto at = map.find(id);
  return at == map.end() ? nullptr : at->second;
}

}  // namespace

CrossingPort::CrossingPort(Executor& executor, const Limits& limits)
    : executor_(executor),
      limits_(limits),
      mailbox_(executor, [this](std::vector<Message> batch) { Deliver(std::move(batch)); }) {}

CrossingPort::~CrossingPort() { CHECK(!is_open_); }

void CrossingPort::Shut() {
  Close(Unavailable("this loop ends"));
  if (!sender_) return;
  sender_->Put(Message{.id = 0, .what = crossing::Closed()});
  sender_->Flush();
}

void CrossingPort::SetPeer(MailAddress<Message> peer) {
  sender_.emplace(executor_, std::move(peer));
}

void CrossingPort::Send(std::uint64_t id, What what) {
  if (is_open_ && sender_) sender_->Put(Message{.id = id, .what = std::move(what)});
}

bool CrossingPort::is_full() const {
  return sender_ && sender_->under_way() >= limits_.crossing_messages;
}

CrossedBody* CrossingPort::FindReader(std::uint64_t id) const { return Find(readers_, id); }

void CrossingPort::Deliver(std::vector<Message> batch) {
  for (Message& message : batch) {
    if (is_open_) DeliverOne(std::move(message));
  }
}

void CrossingPort::DeliverOne(Message message) {
  const std::uint64_t id = message.id;
  const auto to_source = [&](auto&& deliver) {
    if (CrossingSource* source = Find(sources_, id)) deliver(*source);
  };
  const auto to_reader = [&](auto&& deliver) {
    if (CrossedBody* reader = Find(readers_, id)) deliver(*reader);
  };
  std::visit(Overloaded{
                 [&](crossing::Want&) { to_source([](auto& source) { source.Start(); }); },
                 [&](crossing::Used& used) {
                   to_source([&](auto& source) { source.OnUsed(std::move(used.block)); });
                 },
                 [&](crossing::Unwanted&) { to_source([](auto& source) { source.Drop(); }); },
                 [&](crossing::Piece& piece) {
                   to_reader([&](auto& reader) { reader.OnPiece(std::move(piece)); });
                 },
                 [&](crossing::BodyFailure& failure) {
                   to_reader([&](auto& reader) { reader.Fail(failure.error); });
                 },
                 [&](crossing::Closed&) { Close(Unavailable("the other loop is gone")); },
                 [&](auto&) { OnMessage(std::move(message)); },
             },
             message.what);
}

void CrossingPort::Close(const Error& why) {
  if (!std::exchange(is_open_, false)) return;
  const auto sources = std::exchange(sources_, {});
  for (const auto& [id, source] : sources) source->port_ = nullptr;
  const auto readers = std::exchange(readers_, {});
  for (const auto& [id, reader] : readers) {
    reader->port_ = nullptr;
    reader->Fail(why);
  }
  for (const auto& [id, source] : sources) source->Drop();
  OnClosed(why);
}

CrossingSource::CrossingSource(CrossingPort& port, std::uint64_t id, BodyPtr body)
    : port_(&port), id_(id), body_(std::move(body)), room_(port.executor()) {
  port_->sources_.emplace(id_, this);
}

CrossingSource::~CrossingSource() {
  if (port_ == nullptr) return;
  port_->sources_.erase(id_);
  if (!has_ended_) port_->Send(id_, crossing::BodyFailure{Unavailable("the exchange is over")});
}

void CrossingSource::Start() {
  if (running_ || !body_) return;
  running_ = Run();
  running_.Start();
}

void CrossingSource::Drop() {
  has_ended_ = true;
  running_.Reset();
  filling_.Release();
  spare_.Release();
  body_.reset();
}

Task<void> CrossingSource::Run() {
  try {
    co_await SendAll();
  } catch (const std::exception& failure) {
    LogError("crossing body: unexpected exception: {}", failure.what());
  }
  if (!std::exchange(has_ended_, true)) {
    port_->Send(id_, crossing::BodyFailure{Internal("the body broke off")});
  }
}

Task<void> CrossingSource::SendAll() {
  for (;;) {
    auto reading = body_->Read();
    reading.Start();
    if (!reading.is_done()) Ship(false);  // What is next may be long in coming.
    auto piece = co_await reading;
    if (!piece) {
      has_ended_ = true;
      Ship(false);
      port_->Send(id_, crossing::BodyFailure{std::move(piece).error()});
      co_return;
    }
    if (piece->empty()) {
      has_ended_ = true;
      Ship(true);
      co_return;
    }
    for (Bytes rest = *piece; !rest.empty();) {
      if (!filling_) co_await AwaitRoom(rest.size());
      const auto room = filling_.bytes().subspan(filled_);
      const std::size_t count = std::min(room.size(), rest.size());
      std::memcpy(room.data(), rest.data(), count);
      filled_ += count;
      rest = rest.subspan(count);
      // A large block that is nearly full will do: a piece then stays one, in a frame and a write.
      const std::size_t left = room.size() - count;
      const bool is_large = filling_.bytes().size() > kLittle;
      if (left == 0 || (is_large && left < kLittle)) Ship(false);
    }
  }
}

Task<void> CrossingSource::AwaitRoom(std::size_t size) {
  const auto fit = size <= static_cast<std::size_t>(net::BlockSize::kSmall)
                       ? net::BlockSize::kSmall
                       : net::BlockSize::kLarge;
  while (under_way_ > 0 &&
         under_way_ + static_cast<std::size_t>(fit) > port_->limits().crossing_buffer) {
    room_.Reset();
    co_await room_.Wait();
  }
  const bool is_spare_fit = spare_.bytes().size() == static_cast<std::size_t>(fit);
  filling_ = is_spare_fit ? std::move(spare_) : net::Block(fit);
  under_way_ += filling_.bytes().size();
}

void CrossingSource::Ship(bool is_last) {
  if (filled_ == 0 && !is_last) return;
  port_->Send(id_, crossing::Piece{.block = std::move(filling_),
                                   .size = std::exchange(filled_, 0),
                                   .is_last = is_last});
}

void CrossingSource::OnUsed(net::Block block) {
  under_way_ -= block.bytes().size();
  spare_ = std::move(block);
  room_.Set();
}

CrossedBody::CrossedBody(CrossingPort& port, std::uint64_t id, std::optional<std::uint64_t> length,
                         Begins begins)
    : port_(&port),
      id_(id),
      length_(length),
      is_asked_(begins == Begins::kAtOnce),
      changed_(port.executor()) {
  port_->readers_.emplace(id_, this);
}

CrossedBody::~CrossedBody() {
  if (port_ != nullptr) port_->Send(id_, crossing::Unwanted());
  Leave();
}

void CrossedBody::Leave() noexcept {
  if (port_ != nullptr) std::exchange(port_, nullptr)->readers_.erase(id_);
}

Task<Result<MutableBytes>> CrossedBody::Read() {
  if (held_.block && port_ != nullptr && !has_all_) {
    port_->Send(id_, crossing::Used{std::move(held_.block)});
  }
  held_.block.Release();
  if (!std::exchange(is_asked_, true) && port_ != nullptr) port_->Send(id_, crossing::Want());
  while (waiting_.empty() && !has_all_ && !error_) {
    changed_.Reset();
    co_await changed_.Wait();
  }
  if (waiting_.empty() && error_) co_return *error_;
  if (waiting_.empty()) co_return MutableBytes{};
  held_ = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  co_return held_.block.bytes().first(held_.size);
}

void CrossedBody::OnPiece(crossing::Piece piece) {
  if (error_ || has_all_) return;
  has_all_ = piece.is_last;
  if (piece.size > 0) waiting_.push_back({std::move(piece.block), piece.size});
  changed_.Set();
}

void CrossedBody::Fail(const Error& why) {
  if (error_ || has_all_) return;
  error_ = why;
  if (why.kind == ErrorKind::kUnauthorized) waiting_.clear();  // It may not be read any more.
  changed_.Set();
}

}  // namespace berth::http
