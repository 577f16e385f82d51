// An HTTP/2 client session, the hub's side of a tunnel, under arbitrary bytes of an agent. The
// first byte chooses into how many pieces the rest is cut. Whatever comes, every exchange ends
// once, in bounded memory.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/executor_testing.h"
#include "http/h2_client_session.h"

namespace berth::http {
namespace {

struct Seen {
  int answers = 0;
  std::size_t bytes = 0;
};

Request MakeRequest(int number, std::shared_ptr<Seen> seen) {
  Request request;
  request.head.method = number == 2 ? "HEAD" : "POST";
  request.head.scheme = "http";
  request.head.authority = "instance";
  request.head.target = "/";
  if (number == 1) {
    request.head.method = "GET";
    request.head.protocol = "websocket";
  }
  if (number != 2) request.body = std::make_unique<TextBody>("hello");
  request.interim = [seen](const ResponseHead& head) {
    CHECK(head.status >= 100 && head.status < 200);
  };
  return request;
}

Task<void> Ask(H2ClientSession& session, int number, std::shared_ptr<Seen> seen) {
  auto response = co_await session.Exchange(MakeRequest(number, seen));
  ++seen->answers;
  if (!response) co_return;
  CHECK(response->head.status >= 100 && response->head.status <= 999);
  for (const auto& [name, value] : response->head.fields) {
    CHECK(!name.empty() && name[0] != ':');
    CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  while (response->body) {
    auto piece = co_await response->body->Read();
    if (!piece || piece->empty()) co_return;
    seen->bytes += piece->size();
  }
}

void Run(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  testing::TestExecutor executor;
  const Limits limits;
  auto seen = std::make_shared<Seen>();
  std::vector<Task<void>> asking;
  {
    H2ClientSession session(executor, limits, {.carrier = H2Carrier::kTunnel});
    for (int number = 0; number < 3; ++number) {
      asking.push_back(Ask(session, number, seen));
      asking.back().Start();
    }
    OutBuffer out;
    const std::size_t step = input[0] == 0 ? input.size() : input[0];
    auto rest = std::as_bytes(input.subspan(1));
    while (!rest.empty()) {
      executor.RunUntilIdle();
      out.clear();
      session.Produce(out, berth::http::kH2Write);
      CHECK(out.size() <= 256 * 1024);
      const std::size_t count = std::min(step, rest.size());
      std::vector<std::byte> piece(rest.begin(), rest.begin() + static_cast<long>(count));
      rest = rest.subspan(count);
      const bool is_taken = session.Receive(piece).has_value();
      executor.RunUntilIdle();
      CHECK(session.stream_count() <= 3);
      CHECK(session.buffered() <= 3 * (limits.stream_buffer + 64 * 1024));
      if (!is_taken) break;
    }
    session.Close(Unavailable("end of input"));
    CHECK(session.stream_count() == 0);
    executor.RunUntilIdle();
  }
  for (const auto& task : asking) CHECK(task.is_done());
  CHECK(seen->answers == 3);
  CHECK(seen->bytes <= input.size());
}

}  // namespace
}  // namespace berth::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::http::Run({data, size});
  return 0;
}
