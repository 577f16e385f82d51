#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace berth {

std::string_view ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kUnauthorized:
      return "unauthorized";
    case ErrorKind::kForbidden:
      return "forbidden";
    case ErrorKind::kNotFound:
      return "not found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kTooLarge:
      return "too large";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "unknown";
}

std::string Error::ToString() const {
  return fmt::format("{} ({})", message, berth::ToString(kind));
}

Error Invalid(std::string message) { return {ErrorKind::kInvalid, std::move(message)}; }
Error Unauthorized(std::string message) { return {ErrorKind::kUnauthorized, std::move(message)}; }
Error Forbidden(std::string message) { return {ErrorKind::kForbidden, std::move(message)}; }
Error NotFound(std::string message) { return {ErrorKind::kNotFound, std::move(message)}; }
Error Conflict(std::string message) { return {ErrorKind::kConflict, std::move(message)}; }
Error TooLarge(std::string message) { return {ErrorKind::kTooLarge, std::move(message)}; }
Error Unavailable(std::string message) { return {ErrorKind::kUnavailable, std::move(message)}; }
Error Timeout(std::string message) { return {ErrorKind::kTimeout, std::move(message)}; }
Error Cancelled(std::string message) { return {ErrorKind::kCancelled, std::move(message)}; }
Error Internal(std::string message) { return {ErrorKind::kInternal, std::move(message)}; }

Error Wrap(Error error, std::string_view context) {
  error.message.insert(0, fmt::format("{}: ", context));
  return error;
}

Error FromErrno(int number, std::string_view context) {
  ErrorKind kind = ErrorKind::kInternal;
  switch (number) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENOTCONN:
      kind = ErrorKind::kUnavailable;
      break;
    case ETIMEDOUT:
      kind = ErrorKind::kTimeout;
      break;
    case ENOENT:
      kind = ErrorKind::kNotFound;
      break;
    case EADDRINUSE:
      kind = ErrorKind::kConflict;
      break;
    case ECANCELED:
      kind = ErrorKind::kCancelled;
      break;
    default:
      break;
  }
  return {kind, fmt::format("{}: {}", context, std::generic_category().message(number))};
}

}  // namespace berth
