#include "net/tls_stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "net/tcp.h"

namespace berth::net {
namespace {

constexpr std::size_t kRecord = 16 * 1024;  // The most that one TLS record carries.
// Handshake messages and alerts in a row, after the handshake. OpenSSL answers each (a KeyUpdate,
// a ClientHello that asks for a renegotiation) and goes on to the next by itself, without end.
// Honest peers send a few tickets, and a KeyUpdate after millions of records.
constexpr int kMostAsides = 16;

/// What a bad certificate means for the person who has to repair it.
std::string CertificateProblem(long code) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate has expired; renew it (or set this machine's clock)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate is not valid yet; check this machine's clock";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is for another host; use the name that it was made for";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate is self-signed; trust it with an authority file (SSL_CERT_FILE, or "
             "for a hub --hub-ca), or pin a hub's key (--hub-pin)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the certificate is from an unknown authority; trust it with an authority file "
             "(SSL_CERT_FILE, or for a hub --hub-ca), pin a hub's key (--hub-pin), or have the "
             "other side send its whole chain";
    case X509_V_ERR_APPLICATION_VERIFICATION:
      return "the public key is not the pinned one; if the other side changed its key on purpose, "
             "pin the new one";
    default:
      return fmt::format("the certificate was refused: {}", X509_verify_cert_error_string(code));
  }
}

}  // namespace

/// The connection between OpenSSL and the stream: it takes from the input block, and adds to the
/// output block.
struct TlsStream::BioCallbacks {
  static int Read(BIO* bio, char* into, int size) {
    auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    if (stream.asides_ > kMostAsides) {
      stream.socket_error_ = Invalid("too many handshake messages in a row");
      return -1;
    }
    if (stream.input_begin_ == stream.input_end_ && !stream.ReceiveInput()) {
      if (stream.socket_error_) return -1;
      if (stream.saw_end_) return 0;
      BIO_set_retry_read(bio);
      return -1;
    }
    const Bytes waiting =
        stream.input_.bytes().first(stream.input_end_).subspan(stream.input_begin_);
    const std::size_t count = std::min(waiting.size(), static_cast<std::size_t>(size));
    std::memcpy(into, waiting.data(), count);
    stream.input_begin_ += count;
    if (stream.input_begin_ == stream.input_end_) stream.input_.Release();
    return static_cast<int>(count);
  }

  static int Write(BIO* bio, const char* from, int size) {
    auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    if (!stream.output_) stream.output_ = Block(BlockSize::kLarge);
    const auto room = stream.output_.bytes().subspan(stream.output_end_);
    if (room.empty()) {
      BIO_set_retry_write(bio);
      return -1;
    }
    const std::size_t count = std::min(room.size(), static_cast<std::size_t>(size));
    std::memcpy(room.data(), from, count);
    stream.output_end_ += count;
    return static_cast<int>(count);
  }

  /// Told of each record and message, of the handshake or not.
  static void Note(int, int, int type, const void*, std::size_t, SSL*, void* argument) {
    auto& stream = *static_cast<TlsStream*>(argument);
    const bool is_aside = type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT;
    if (is_aside && stream.is_open_) ++stream.asides_;
  }

  static long Control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return static_cast<TlsStream*>(BIO_get_data(bio))->saw_end_;
    return 0;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "berth socket");
      BIO_meth_set_read(made, &Read);
      BIO_meth_set_write(made, &Write);
      BIO_meth_set_ctrl(made, &Control);
      return made;
    }();
    return method;
  }
};

TlsStream::TlsStream(std::shared_ptr<SSL_CTX> context, std::unique_ptr<Socket> socket, Peer peer,
                     const Limits& limits)
    : context_(std::move(context)),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      handshake_limit_(limits.connect_timeout),
      write_stall_(limits.write_stall_timeout) {
  peer_.is_tls = true;
}

Result<std::unique_ptr<TlsStream>> TlsStream::Create(std::shared_ptr<SSL_CTX> context, Role role,
                                                     std::unique_ptr<Socket> socket, Peer peer,
                                                     const Limits& limits) {
  std::unique_ptr<TlsStream> stream(
      new TlsStream(std::move(context), std::move(socket), std::move(peer), limits));
  stream->ssl_ = SSL_new(stream->context_.get());
  BIO* const bio = stream->ssl_ == nullptr ? nullptr : BIO_new(BioCallbacks::Method());
  if (bio == nullptr) return Internal("tls: out of memory");
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(stream->ssl_, bio, bio);
  SSL_set_msg_callback(stream->ssl_, &BioCallbacks::Note);
  SSL_set_msg_callback_arg(stream->ssl_, stream.get());
  if (role == Role::kAccepting) {
    SSL_set_accept_state(stream->ssl_);
  } else {
    SSL_set_connect_state(stream->ssl_);
  }
  return stream;
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

Error TlsStream::Failure(std::string_view what, int reason) {
  if (socket_error_) return Wrap(*std::exchange(socket_error_, std::nullopt), what);
  const long verify = SSL_get_verify_result(ssl_);
  if (verify != X509_V_OK && !SSL_is_init_finished(ssl_)) {
    return Invalid(fmt::format("{}: {}", what, CertificateProblem(verify)));
  }
  const unsigned long code = ERR_peek_error();
  // What OpenSSL says of whatever is no record of TLS, an answer in plain HTTP above all.
  const bool is_plain = ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER;
  if (is_plain && !SSL_is_server(ssl_)) {
    return Unavailable(fmt::format("{}: that port speaks no TLS", what));
  }
  const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
  if (text != nullptr) return Unavailable(fmt::format("{}: {}", what, text));
  if (saw_end_ || reason == SSL_ERROR_ZERO_RETURN) {
    return Unavailable(fmt::format("{}: the other side closed the connection", what));
  }
  return Unavailable(fmt::format("{}: protocol error", what));
}

bool TlsStream::ReceiveInput() {
  if (!input_) input_ = Block(BlockSize::kLarge);
  input_begin_ = input_end_ = 0;
  auto received = socket_->Receive(input_.bytes());
  if (received && *received) {
    input_end_ = **received;
    saw_end_ = input_end_ == 0;
  } else if (!received) {
    socket_error_ = std::move(received).error();
  }
  if (input_end_ == 0) input_.Release();
  return input_end_ != 0;
}

Task<Result<void>> TlsStream::Handshake() {
  if (SSL_is_init_finished(ssl_)) co_return Ok();
  auto done =
      co_await WithDeadline(socket_->loop(), handshake_limit_, "tls handshake", HandshakeSteps());
  co_return done;
}

Task<Result<void>> TlsStream::HandshakeSteps() {
  for (;;) {
    ERR_clear_error();
    const int code = SSL_do_handshake(ssl_);
    const int reason = SSL_get_error(ssl_, code);
    if (code != 1 && reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
      Error failure = Failure("tls handshake", reason);
      (void)SendOutput();  // The alert that says why, if the kernel takes it.
      co_return failure;
    }
    auto flushed = co_await Flush();
    if (!flushed) co_return Wrap(std::move(flushed).error(), "tls handshake");
    if (code == 1) break;
    if (reason == SSL_ERROR_WANT_WRITE) continue;
    co_await socket_->WaitReadable();
    if (!socket_->is_open()) co_return Unavailable("tls handshake: the connection is closed");
  }
  const unsigned char* alpn = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &size);
  if (size != 0) peer_.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  is_open_ = true;
  co_return Ok();
}

Task<Result<MutableBytes>> TlsStream::Read() {
  co_await socket_->PauseIfBusy();
  for (;;) {
    if (!socket_->is_open()) co_return Unavailable("read: the connection is closed");
    if (read_failure_) co_return *read_failure_;
    const MutableBytes room = buffer_.Room();
    std::size_t filled = 0;
    int reason = SSL_ERROR_NONE;
    while (filled < room.size()) {
      ERR_clear_error();
      std::size_t count = 0;
      const int code = SSL_read_ex(ssl_, room.data() + filled, room.size() - filled, &count);
      filled += count;
      if (code != 1) {
        reason = SSL_get_error(ssl_, code);
        break;
      }
    }
    if (reason != SSL_ERROR_NONE && reason != SSL_ERROR_WANT_READ &&
        reason != SSL_ERROR_WANT_WRITE && reason != SSL_ERROR_ZERO_RETURN) {
      read_failure_ = Failure("tls read", reason);
    }
    if (has_output()) (void)SendOutput();  // An alert or a key update; a failure shows in Write.
    if (filled != 0) {
      asides_ = 0;
      co_return buffer_.Commit(filled);
    }
    buffer_.Release();
    if (read_failure_) continue;
    if (reason == SSL_ERROR_ZERO_RETURN) co_return MutableBytes{};
    if (reason == SSL_ERROR_WANT_WRITE) {
      auto flushed = co_await Flush();
      if (!flushed) co_return std::move(flushed).error();
      continue;
    }
    co_await socket_->WaitReadable();
  }
}

Task<Result<void>> TlsStream::Write(std::span<const Bytes> pieces) {
  Block scratch;
  std::size_t skip = 0;
  while (!pieces.empty()) {
    Bytes record = pieces.front().subspan(skip);
    if (record.size() >= kRecord || pieces.size() == 1) {
      record = record.first(std::min(record.size(), kRecord));
    } else {
      // Small pieces share a record. Built anew after a Flush(): the same bytes, as OpenSSL wants.
      if (!scratch) scratch = Block(BlockSize::kLarge);
      std::size_t size = 0;
      std::size_t from = skip;
      for (const Bytes piece : pieces) {
        const Bytes rest = piece.subspan(std::exchange(from, 0));
        const std::size_t count = std::min(rest.size(), kRecord - size);
        if (count != 0) std::memcpy(scratch.bytes().data() + size, rest.data(), count);
        size += count;
        if (size == kRecord) break;
      }
      record = scratch.bytes().first(size);
    }
    if (record.empty()) break;  // Only empty pieces are left.
    auto encrypted = Encrypt(record);
    if (!encrypted) co_return std::move(encrypted).error();
    Consume(pieces, skip, *encrypted);
    if (*encrypted != 0) continue;
    auto flushed = co_await Flush();
    if (!flushed) co_return std::move(flushed).error();
  }
  auto flushed = co_await Flush();
  co_return flushed;
}

Result<std::size_t> TlsStream::Encrypt(Bytes record) {
  if (!socket_->is_open()) return Unavailable("write: the connection is closed");
  ERR_clear_error();
  std::size_t count = 0;
  const int code = SSL_write_ex(ssl_, record.data(), record.size(), &count);
  if (code == 1) return count;
  const int reason = SSL_get_error(ssl_, code);
  if (reason == SSL_ERROR_WANT_WRITE) return 0;
  return Failure("tls write", reason);
}

Result<std::optional<std::size_t>> TlsStream::SendOutput() {
  const Bytes piece = output_.bytes().subspan(output_begin_, output_end_ - output_begin_);
  auto sent = socket_->Send(std::span(&piece, 1), 0);
  if (sent && *sent) output_begin_ += **sent;
  if (!has_output()) {
    output_begin_ = output_end_ = 0;
    output_.Release();
  }
  return sent;
}

Task<Result<void>> TlsStream::Flush() {
  while (has_output()) {
    auto sent = SendOutput();
    if (!sent) co_return std::move(sent).error();
    if (*sent) continue;
    auto writable = co_await socket_->WaitWritable(write_stall_);
    if (!writable) co_return std::move(writable).error();
  }
  co_return Ok();
}

Task<Result<void>> TlsStream::ShutdownWrite() {
  ERR_clear_error();
  while (SSL_shutdown(ssl_) < 0 && has_output()) {
    auto flushed = co_await Flush();
    if (!flushed) co_return std::move(flushed).error();
    ERR_clear_error();
  }
  auto flushed = co_await Flush();
  if (!flushed) co_return std::move(flushed).error();
  co_return socket_->ShutdownWrite();
}

}  // namespace berth::net
