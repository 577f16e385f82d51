// An HTTP/2 server session under arbitrary bytes. The first byte chooses into how many pieces the
// rest is cut. Whatever comes, the session answers in bounded memory and ends cleanly.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/executor_testing.h"
#include "http/h2_server_session.h"

namespace berth::http {
namespace {

/// Answers with the request's body, read as it comes.
class EchoService : public Service {
 public:
  Task<Result<Response>> Exchange(Request request) override {
    CHECK(!request.head.authority.empty());
    CHECK(request.head.target.find_first_of("\r\n\t #\\") == std::string::npos);
    Response response;
    response.head.status = request.head.is_upgrade() ? 101 : 200;
    response.body = std::move(request.body);
    co_return response;
  }
};

void Run(std::span<const std::uint8_t> input) {
  const std::size_t piece_size = input.empty() || input[0] == 0 ? input.size() : input[0];
  testing::TestExecutor executor;
  const Limits limits;
  EchoService service;
  H2ServerSession session(executor, limits, service);
  // The preface is the same for all, so it is not the fuzzer's to find.
  std::string text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (!input.empty()) {
    text.append(reinterpret_cast<const char*>(input.data()) + 1, input.size() - 1);
  }
  OutBuffer out;
  auto rest = std::as_bytes(std::span(text));
  while (!rest.empty()) {
    const std::size_t count = std::min(std::max<std::size_t>(piece_size, 1), rest.size());
    std::vector<std::byte> piece(rest.begin(), rest.begin() + static_cast<long>(count));
    rest = rest.subspan(count);
    auto received = session.Receive(piece);
    executor.RunUntilIdle();
    out.clear();
    session.Produce(out, berth::http::kH2Write);
    executor.RunUntilIdle();
    CHECK(out.size() <= 256 * 1024);
    CHECK(session.buffered() <= 16 * limits.stream_buffer);
    if (!received) {
      CHECK(session.stream_count() == 0);
      break;
    }
  }
  session.Close(Unavailable("end of input"));
  CHECK(session.stream_count() == 0);
  executor.RunUntilIdle();
}

}  // namespace
}  // namespace berth::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::http::Run({data, size});
  return 0;
}
