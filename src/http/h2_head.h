// Heads in HTTP/2: pseudo fields and field lines (RFC 9113, section 8) to and from our heads.
//
// nghttp2 has checked the rules of the protocol before (lower-case names, order and completeness of
// pseudo fields, no connection-specific fields, no control bytes); here are the rules of berth:
// what a target may be, how large a head, which methods. Pure functions of values; no session.
#pragma once

#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/pool.h"
#include "base/result.h"
#include "http/h2_options.h"
#include "http/message.h"

namespace berth::http {

/// What HTTP/2 counts for a field beside its text (RFC 9113, section 6.5.2).
inline constexpr std::size_t kH2FieldOverhead = 32;

/// Collects the fields of one arriving head.
class H2HeadReader : public Pooled {
 public:
  /// Heads beyond the bounds of `options` (after WithDefaults) are too large. `limits` must outlive
  /// the reader.
  H2HeadReader(const Limits& limits, const H2Options& options)
      : limits_(limits),
        carrier_(options.carrier),
        max_bytes_(options.head_bytes),
        max_fields_(options.head_fields) {}

  void Add(std::string_view name, std::string_view value);

  /// The request head, or the status to refuse it with (400, 405, 414, 431, 501).
  struct RequestOrStatus {
    RequestHead head;
    int refusal = 0;                ///< 0: `head` is good.
    bool expects_continue = false;  ///< It had "expect: 100-continue", which is not in `head`.
  };
  RequestOrStatus TakeRequest() &&;

  /// The response head with its real status (200 for an accepted extended CONNECT).
  Result<ResponseHead> TakeResponse() &&;

 private:
  void FinishFields();
  int CheckRequest() const;
  bool IsWebSocket() const;

  const Limits& limits_;
  const H2Carrier carrier_;
  const std::uint64_t max_bytes_;
  const std::uint64_t max_fields_;
  RequestHead request_;  ///< Its fields serve responses too.
  std::string status_;
  std::string cookies_;
  std::uint64_t size_ = 0;
  bool is_too_large_ = false;
};

/// A head in the shape that nghttp2 wants. The views must outlive it.
class H2HeadWriter {
 public:
  /// As a request; for an upgrade, extended CONNECT.
  explicit H2HeadWriter(const RequestHead& head);
  /// As a response with `status` in place of the head's.
  H2HeadWriter(const ResponseHead& head, int status);
  H2HeadWriter(const H2HeadWriter&) = delete;
  H2HeadWriter& operator=(const H2HeadWriter&) = delete;

  /// Adds a Content-Length if there is none.
  void AddLength(std::uint64_t length);
  /// The Content-Length that the head has.
  std::optional<std::uint64_t> length() const { return length_; }

  /// Adds the present time as its Date.
  void AddDate();

  /// Whether the head has at most so many bytes, as HTTP/2 counts them, and peers take each field.
  bool fits(std::uint64_t bytes) const { return bytes_ <= bytes && !has_long_field_; }

  const nghttp2_nv* data() const { return list_.data(); }
  std::size_t size() const { return list_.size(); }

 private:
  void Add(std::string_view name, std::string_view value);
  void AddFields(const Fields& fields, bool with_length);

  std::vector<nghttp2_nv, PoolAllocator<nghttp2_nv>> list_;
  std::uint64_t bytes_ = 0;
  bool has_long_field_ = false;
  std::optional<std::uint64_t> length_;
  char status_text_[4] = {};
  char length_text_[24] = {};
};

/// The Content-Length of a head, if it has a well-formed one.
std::optional<std::uint64_t> ContentLength(const Fields& fields);

}  // namespace berth::http
