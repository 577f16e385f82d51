#include "http/media_type.h"

#include "base/text.h"

namespace berth::http {
namespace {

std::string_view WithoutParameters(std::string_view content_type) {
  return TrimOws(content_type.substr(0, content_type.find(';')));
}

}  // namespace

std::string MediaType(std::string_view content_type) {
  return ToLower(WithoutParameters(content_type));
}

bool HasMediaType(const Fields& fields, std::string_view media_type) {
  const std::string_view content_type = fields.Find("content-type").value_or("");
  return EqualsIgnoreCase(WithoutParameters(content_type), media_type);
}

}  // namespace berth::http
