#include "http/message.h"

#include "http/media_type.h"

namespace berth::http {

bool IsEventStream(const ResponseHead& head) {
  return HasMediaType(head.fields, "text/event-stream");
}

std::string_view RequestHead::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view RequestHead::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

Task<Result<Response>> AtHand(Response response) { co_return response; }

Response TextResponse(int status, std::string_view content_type, std::string text) {
  Response response;
  response.head.status = status;
  response.head.fields.Add("content-type", content_type);
  response.head.fields.Add("x-content-type-options", "nosniff");
  response.body = std::make_unique<TextBody>(std::move(text));
  return response;
}

}  // namespace berth::http
