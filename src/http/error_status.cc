#include "http/error_status.h"

namespace berth::http {

int StatusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnauthorized:
      return 401;
    case ErrorKind::kForbidden:
      return 403;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kUnavailable:
    case ErrorKind::kInvalid:
      return 502;
    case ErrorKind::kCancelled:
      return 503;
    case ErrorKind::kTimeout:
      return 504;
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

int BodyStatusOf(ErrorKind kind) {
  if (kind == ErrorKind::kTooLarge) return 413;
  return kind == ErrorKind::kTimeout ? 408 : 400;
}

}  // namespace berth::http
