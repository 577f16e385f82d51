// TlsStream: TLS over a socket as a ByteStream. Made by TlsServer and TlsClient only.
//
// OpenSSL reads from one pooled block and writes into another: one system call brings as many
// records as there are and fit, and one takes away all that a Write made, where it fits; small
// pieces share a record. While nothing moves, neither OpenSSL (SSL_MODE_RELEASE_BUFFERS) nor the
// stream holds a buffer.
//
// A connection that ends without close_notify reads as the end of the stream, not as an error: half
// the web closes like that, and HTTP says itself where its messages end (Content-Length, chunks,
// HTTP/2 frames). A body that only the close delimits may therefore be cut without notice.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/limits.h"
#include "net/buffer_pool.h"
#include "net/byte_stream.h"
#include "net/socket.h"

extern "C" {
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct bio_st BIO;
}

namespace berth::net {

class TlsStream : public ByteStream {
 public:
  enum class Role { kAccepting, kConnecting };

  /// kInternal: out of memory. Of `limits` it uses two deadlines, and keeps no reference.
  static Result<std::unique_ptr<TlsStream>> Create(std::shared_ptr<SSL_CTX> context, Role role,
                                                   std::unique_ptr<Socket> socket, Peer peer,
                                                   const Limits& limits);
  ~TlsStream() override;

  /// kTimeout: not done within limits.connect_timeout; kInvalid: the other side's certificate is
  /// not acceptable; kUnavailable: anything else.
  Task<Result<void>> Handshake() override;
  Task<Result<MutableBytes>> Read() override;
  Task<Result<void>> Write(std::span<const Bytes> pieces) override;
  /// Sends close_notify, then FIN.
  Task<Result<void>> ShutdownWrite() override;
  void Close() noexcept override { socket_->Close(); }
  const Peer& peer() const override { return peer_; }

  /// For TlsClient, before the handshake.
  SSL* ssl() const { return ssl_; }

 private:
  struct BioCallbacks;

  TlsStream(std::shared_ptr<SSL_CTX> context, std::unique_ptr<Socket> socket, Peer peer,
            const Limits& limits);
  Task<Result<void>> HandshakeSteps();
  /// Receives into the empty input block. False: nothing to receive now, or never again.
  bool ReceiveInput();
  /// Sends all of the output block, waiting as needed.
  Task<Result<void>> Flush();
  /// Sends what the kernel takes at once. nullopt: it took nothing.
  Result<std::optional<std::size_t>> SendOutput();
  /// Encrypts one record into the output block; 0: no room, Flush() and call again.
  Result<std::size_t> Encrypt(Bytes record);
  bool has_output() const { return output_begin_ != output_end_; }
  /// The error after an OpenSSL call ended with `reason`.
  Error Failure(std::string_view what, int reason);

  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<Socket> socket_;
  Peer peer_;
  SSL* ssl_ = nullptr;
  Duration handshake_limit_;
  Duration write_stall_;
  ReadBuffer buffer_;
  Block input_;  ///< Encrypted bytes that OpenSSL has not taken yet: [begin, end).
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  Block output_;  ///< Encrypted bytes that have not left yet: [begin, end).
  std::size_t output_begin_ = 0;
  std::size_t output_end_ = 0;
  bool is_open_ = false;               ///< The handshake is done.
  int asides_ = 0;                     ///< Handshake messages and alerts since the last data.
  bool saw_end_ = false;               ///< The socket ended.
  std::optional<Error> socket_error_;  ///< What stopped OpenSSL's last access to the socket.
  std::optional<Error> read_failure_;  ///< Why nothing more can be read.
};

}  // namespace berth::net
