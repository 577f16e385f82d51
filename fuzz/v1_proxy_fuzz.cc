// Version 1's proxy messages, from either side. Whatever is accepted holds nothing that could break
// an HTTP head, and what we encode decodes to the same.
//
// Input: one byte that picks the direction and the method, then a control message.
#include <cstdlib>

#include "control/v1_proxy.h"
#include "http/grammar.h"

namespace {

using namespace berth;

void Check(const http::Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (!http::IsToken(name) || !http::IsFieldValue(value)) std::abort();
  }
}

std::string BodyOf(http::Body* body) {
  auto read = http::ReadAll(body, SIZE_MAX);
  read.Start();  // Held in memory: never waits.
  return *read.Take();
}

void CheckResponse(control::HttpProxyResponse message, std::string_view method) {
  auto response = control::DecodeResponse(std::move(message), method);
  if (!response) return;
  Check(response->head.fields);
  if (response->head.fields.Has(control::kEncodingField)) std::abort();
  const std::string body = BodyOf(response->body.get());
  auto again = control::DecodeResponse(control::EncodeResponse(response->head, "r", body), method);
  if (!again || again->head.status != response->head.status) std::abort();
  if (response->body && BodyOf(again->body.get()) != body) std::abort();
}

void CheckRequest(control::HttpProxyRequest message) {
  auto request = control::DecodeRequest(std::move(message), "https", "hub.example");
  if (!request) return;
  Check(request->head.fields);
  if (!http::IsToken(request->head.method) || !http::IsOriginForm(request->head.target)) {
    std::abort();
  }
  if (!control::EncodeRequest(request->head, "r", BodyOf(request->body.get()))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const bool from_agent = (data[0] & 1) != 0;
  const std::string_view method = (data[0] & 2) != 0 ? "HEAD" : "GET";
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto message =
      control::Parse(text, from_agent ? control::Sender::kAgent : control::Sender::kHubToAgent);
  if (!message) return 0;
  if (auto* response = std::get_if<control::HttpProxyResponse>(&*message)) {
    CheckResponse(std::move(*response), method);
  } else if (auto* request = std::get_if<control::HttpProxyRequest>(&*message)) {
    CheckRequest(std::move(*request));
  }
  return 0;
}
