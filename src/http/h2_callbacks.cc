#include "http/h2_callbacks.h"

#include <algorithm>

#include "http/h2_session.h"

namespace berth::http {

/// A friend of the session. Nothing may be thrown through C.
struct H2Callbacks {
  static H2Session& Self(void* user) { return *static_cast<H2Session*>(user); }
  static H2Stream* Find(nghttp2_session* session, std::int32_t id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame,
                            void* user) noexcept {
    H2Session& self = Self(user);
    self.guard_.BeginHead();
    H2Stream* stream = Find(session, frame->hd.stream_id);
    if (stream == nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      auto made = self.MakeStream();
      stream = made.get();
      self.Adopt(std::move(made), frame->hd.stream_id);
    } else if (stream == nullptr || frame->headers.cat == NGHTTP2_HCAT_REQUEST ||
               self.role_ == H2Session::Role::kServer || stream->has_head) {
      return 0;  // Trailers: read and dropped.
    }
    stream->reading = std::make_unique<H2HeadReader>(self.limits_, self.options_);
    return 0;
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                      std::size_t value_size, std::uint8_t, void* user) noexcept {
    H2Session& self = Self(user);
    H2Stream* stream = Find(session, frame->hd.stream_id);
    // nghttp2 checks each byte of a field, also where one byte stands for all of it. From here on
    // it only keeps its table up to date.
    if (!self.guard_.SpendField(name_size + value_size + kH2FieldOverhead)) {
      if (stream != nullptr) {
        stream->inbound->Fail(Invalid("a head grew far beyond its limit when it was decoded"));
        self.Reset(*stream, NGHTTP2_ENHANCE_YOUR_CALM);
      }
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (stream != nullptr && stream->reading) {
      stream->reading->Add({reinterpret_cast<const char*>(name), name_size},
                           {reinterpret_cast<const char*>(value), value_size});
    }
    return 0;
  }

  static int OnInvalidHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                             std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                             void*) noexcept {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // Reset the stream rather than drop the field.
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) noexcept {
    H2Session& self = Self(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        const bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        H2Stream* stream = Find(session, frame->hd.stream_id);
        if (stream == nullptr) break;
        // The end first: who gets the head may then know that there is no body.
        if (is_end) stream->inbound->End();
        if (frame->hd.type == NGHTTP2_HEADERS && stream->reading) self.OnHead(*stream, is_end);
        stream->reading.reset();
        break;
      }
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.settled_ = true;
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.OnPong(frame->ping.opaque_data);
        break;
      case NGHTTP2_GOAWAY:
        self.peer_drains_ = true;
        break;
      default:
        break;
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t id,
                    const std::uint8_t* data, std::size_t size, void* user) noexcept {
    H2Session& self = Self(user);
    H2Stream* stream = Find(session, id);
    const bool is_wanted = stream != nullptr && !stream->inbound->is_abandoned();
    if (is_wanted) stream->inbound->Append(std::as_bytes(std::span(data, size)));
    if (!is_wanted || self.options_.carrier == H2Carrier::kTunnel) {
      nghttp2_session_consume_connection(session, size);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                           void* user) noexcept {
    H2Session& self = Self(user);
    H2Stream* stream = Find(session, id);
    if (stream == nullptr) return 0;
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    self.OnClosed(*stream, code);
    stream->inbound->stream_ = nullptr;
    self.open_.erase(self.open_.iterator_to(*stream));
    self.dead_.push_back(*stream);
    if (--self.stream_count_ == 0) self.idle_since_ = self.executor_.now();
    return 0;
  }

  /// Whether a frame that was sent is the head of a request or of a final response.
  static bool IsFinalHead(const nghttp2_frame& frame) {
    return frame.hd.type == NGHTTP2_HEADERS && frame.headers.nva[0].value[0] != '1';
  }

  static int OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame,
                         void* user) noexcept {
    H2Session& self = Self(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM && self.role_ == H2Session::Role::kServer) {
      if (!self.guard_.SpendSentReset(self.executor_.now())) self.has_flooded_ = true;
    }
    const bool is_head = IsFinalHead(*frame);
    const bool is_end = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!is_head && !is_end) return 0;
    H2Stream* stream = Find(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (is_head) {
      stream->is_head_out = true;
      if (stream->break_off) self.Reset(*stream, *stream->break_off);
    }
    if (is_end) self.OnSentEnd(*stream);
    return 0;
  }

  /// The most that the next DATA frame may carry: as much as the peer takes and this output has
  /// room for, rather than nghttp2's 16 KiB.
  static ssize_t LimitData(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t, std::int32_t,
                           std::uint32_t largest_frame, void* user) noexcept {
    const H2Session& self = Self(user);
    const std::size_t room = self.out_end_ - std::min(self.out_end_, self.out_->size());
    // Produce ends before there is less; nghttp2 wants to hear of a byte at least.
    const std::size_t size = std::max(room, kH2FrameHeader + kH2LeastData) - kH2FrameHeader;
    return static_cast<ssize_t>(std::min<std::size_t>(size, largest_frame));
  }

  /// How much of the stream's piece goes into the next DATA frame; SendData copies it.
  static ssize_t ReadPiece(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                           std::size_t limit, std::uint32_t* flags, nghttp2_data_source*,
                           void*) noexcept {
    H2Stream* stream = Find(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (stream->piece.empty() && !stream->at_end) {
      stream->is_deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    const std::size_t size = std::min(limit, stream->piece.size());
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->at_end && size == stream->piece.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int SendData(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* header,
                      std::size_t size, nghttp2_data_source*, void* user) noexcept {
    H2Session& self = Self(user);
    H2Stream* stream = Find(session, frame->hd.stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    PayloadWriter& out = *self.out_;
    out.Append(std::as_bytes(std::span(header, kH2FrameHeader)));
    out.Append(stream->piece.first(size));  // The one copy.
    stream->piece = stream->piece.subspan(size);
    if (self.stall_) self.stall_->data_sent += size;
    if (stream->piece.empty() && stream->pump && !stream->H2HungryHook::is_linked()) {
      self.hungry_.push_back(*stream);
    }
    if (out.size() + kH2FrameHeader + kH2LeastData > self.out_end_) {
      self.is_out_full_ = true;
      return NGHTTP2_ERR_PAUSE;
    }
    return 0;
  }
};

const nghttp2_session_callbacks* H2CallbackTable() {
  static const nghttp2_session_callbacks* const table = [] {
    nghttp2_session_callbacks* made = nullptr;
    CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, H2Callbacks::OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(made, H2Callbacks::OnHeader);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, H2Callbacks::OnInvalidHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, H2Callbacks::OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, H2Callbacks::OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, H2Callbacks::OnStreamClose);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, H2Callbacks::OnFrameSent);
    nghttp2_session_callbacks_set_send_data_callback(made, H2Callbacks::SendData);
    nghttp2_session_callbacks_set_data_source_read_length_callback(made, H2Callbacks::LimitData);
    return made;
  }();
  return table;
}

nghttp2_data_provider H2DataProvider() {
  return {.source = {.ptr = nullptr}, .read_callback = H2Callbacks::ReadPiece};
}

}  // namespace berth::http
