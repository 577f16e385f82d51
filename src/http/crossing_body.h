// Bodies that cross from one loop to another: a CrossingSource reads the real one on its own loop
// and sends it in pieces; a CrossedBody on the other loop is read in its place. A CrossingPort is
// one end of the crossing, to which both belong.
//
// Bytes are copied once, into pooled blocks: a Body gives views of buffers that belong to its loop
// and may be overwritten by its next Read, and lending these would stop one loop while the other
// works. A source reads ahead while limits.crossing_buffer bytes of blocks are under way at most;
// the reader sends each block back when it has used it, which is the credit for the next one.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "http/body.h"
#include "http/crossing_message.h"

namespace berth::http {

class CrossedBody;
class CrossingSource;

/// One end: what it sends, and where what comes for its bodies goes. Lives on one loop.
class CrossingPort {
 public:
  /// `limits` must outlive the port.
  CrossingPort(Executor& executor, const Limits& limits);
  virtual ~CrossingPort();
  CrossingPort(const CrossingPort&) = delete;
  CrossingPort& operator=(const CrossingPort&) = delete;

  using What = decltype(crossing::Message::what);
  void Send(std::uint64_t id, What what);

  const MailAddress<crossing::Message>& address() const { return mailbox_.address(); }
  Executor& executor() const { return executor_; }
  const Limits& limits() const { return limits_; }

 protected:
  /// What is not about bodies.
  virtual void OnMessage(crossing::Message message) = 0;
  /// The other end is gone, or this one goes: fail what waits.
  virtual void OnClosed(const Error& why) = 0;

  /// Where Send() sends to; nowhere before.
  void SetPeer(MailAddress<crossing::Message> peer);
  /// Fails everything that crosses here and tells the other end, which does the same. For the
  /// destructors of derived classes.
  void Shut();
  bool is_open() const { return is_open_; }
  /// The other end has as much to take already as it may have. Bodies bound themselves.
  bool is_full() const;
  /// The body that is read here in that exchange; or null.
  CrossedBody* FindReader(std::uint64_t id) const;

 private:
  friend class CrossedBody;
  friend class CrossingSource;

  void Deliver(std::vector<crossing::Message> batch);
  void DeliverOne(crossing::Message message);
  void Close(const Error& why);

  Executor& executor_;
  const Limits& limits_;
  bool is_open_ = true;
  std::optional<MailSender<crossing::Message>> sender_;
  boost::unordered_flat_map<std::uint64_t, CrossingSource*> sources_;
  boost::unordered_flat_map<std::uint64_t, CrossedBody*> readers_;
  Mailbox<crossing::Message> mailbox_;
};

/// Sends one body. Destroying it destroys the body, and breaks off what was not sent.
class CrossingSource {
 public:
  /// Nothing is read before Start(), or before the reader wants it.
  CrossingSource(CrossingPort& port, std::uint64_t id, BodyPtr body);
  ~CrossingSource();
  CrossingSource(const CrossingSource&) = delete;
  CrossingSource& operator=(const CrossingSource&) = delete;

  /// Begins to read; once. At the top of the stack, or where the body may be read.
  void Start();

 private:
  friend class CrossingPort;

  Task<void> Run();
  Task<void> SendAll();
  /// Takes a block for `size` bytes, or for some of them, once there may be one more.
  Task<void> AwaitRoom(std::size_t size);
  /// Sends what is in `filling_`.
  void Ship(bool is_last);
  void OnUsed(net::Block block);
  /// Destroys the body; the top of the stack only.
  void Drop();

  CrossingPort* port_;  ///< Null once the port is closed.
  const std::uint64_t id_;
  BodyPtr body_;  ///< Null once nobody wants it.
  bool has_ended_ = false;
  std::size_t under_way_ = 0;  ///< Bytes of blocks that are filled, sent or read.
  Event room_;
  net::Block spare_;  ///< One that came back.
  net::Block filling_;
  std::size_t filled_ = 0;
  Task<void> running_;
};

/// The body at the other loop.
class CrossedBody : public Body {
 public:
  enum class Begins { kWhenRead, kAtOnce };

  CrossedBody(CrossingPort& port, std::uint64_t id, std::optional<std::uint64_t> length,
              Begins begins);
  ~CrossedBody() override;

  Task<Result<MutableBytes>> Read() override;
  std::optional<std::uint64_t> length() const override { return length_; }

  /// Ends it with an error, unless all of it came: behind what was not read yet, or in front of it
  /// if that is for lack of a right (kUnauthorized).
  void Fail(const Error& why);

 protected:
  CrossingPort* port() const { return port_; }
  std::uint64_t id() const { return id_; }
  /// From now on nothing is said to the source any more.
  void Leave() noexcept;

 private:
  friend class CrossingPort;

  struct Chunk {
    net::Block block;
    std::size_t size = 0;
  };
  void OnPiece(crossing::Piece piece);

  CrossingPort* port_;  ///< Null once the port is closed.
  const std::uint64_t id_;
  const std::optional<std::uint64_t> length_;
  bool is_asked_;
  bool has_all_ = false;        ///< The last piece came.
  std::vector<Chunk> waiting_;  ///< In order; at most crossing_buffer bytes.
  Chunk held_;                  ///< What the reader looks at.
  std::optional<Error> error_;
  Event changed_;
};

}  // namespace berth::http
