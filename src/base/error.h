// What went wrong, classified by what the caller can do about it.
//
// Errors are values: they travel in Result<T> (result.h), gain context on the way up with Wrap(),
// and become a public answer only at the border (hub/problem.h), from the kind alone: the message
// is for the log and may hold bytes of a peer.
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// How to react to an error. Choose by the reaction you want, not by where it came from.
enum class ErrorKind {
  kInvalid,       ///< The input is wrong; the same input fails again.
  kUnauthorized,  ///< Not signed in, or the credential is bad.
  kForbidden,     ///< Signed in, and still not allowed.
  kNotFound,      ///< The named thing does not exist.
  kConflict,      ///< The thing exists already, or was changed by somebody else.
  kTooLarge,      ///< A documented limit is exceeded.
  kUnavailable,   ///< A peer is away or closed; trying again later may help.
  kTimeout,       ///< A deadline passed.
  kCancelled,     ///< Nobody wants the result any more.
  kInternal,      ///< A failure of this machine (disk, memory) or of a library.
};

/// "invalid", "unauthorized", ... for logs.
std::string_view ToString(ErrorKind kind);

/// A failure as a value. `message` is lower case, without a full stop: "open database: disk full".
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;

  /// "message (kind)", for logs.
  std::string ToString() const;
};

/// Named factories: `return Invalid("second host field");`
Error Invalid(std::string message);
Error Unauthorized(std::string message);
Error Forbidden(std::string message);
Error NotFound(std::string message);
Error Conflict(std::string message);
Error TooLarge(std::string message);
Error Unavailable(std::string message);
Error Timeout(std::string message);
Error Cancelled(std::string message);
Error Internal(std::string message);

/// The same kind with "context: " in front of the message.
Error Wrap(Error error, std::string_view context);

/// The error of an errno value: kUnavailable for connection failures, kTimeout, kNotFound,
/// kInternal otherwise. `context` says what was being done.
Error FromErrno(int number, std::string_view context);

}  // namespace berth
