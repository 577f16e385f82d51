// trickle_load: asks bench_origin for its trickling response, again and again, and says how long
// the first byte took from the request on, and each chunk from its sending on. Prints one line of
// JSON.
//
//     trickle_load --port PORT [--tls on] --seconds S [-H "NAME: VALUE"]...
//
// Both ends run on one machine, so that their steady clocks agree.
#include <chrono>

#include "wire.h"

namespace berth::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::uint32_t Microseconds(Clock::duration time) {
  return static_cast<std::uint32_t>(time / std::chrono::microseconds(1));
}

struct Times {
  std::vector<std::uint32_t> first = {};
  std::vector<std::uint32_t> chunks = {};
};

/// One response. Chunks may be framed anew on the way: what counts is each line of 20 digits.
void Ask(Channel& channel, const std::string& request, Times& times) {
  const auto asked_at = Clock::now();
  channel.Write(request);
  std::string buffer;
  const std::string head = channel.ReadHead(buffer);
  if (!head.starts_with("HTTP/1.1 200 ")) Fail("refused:", head);
  for (int lines = 0;;) {
    // A line of 20 digits; what frames it is shorter.
    for (std::size_t end; (end = buffer.find('\n')) != std::string::npos;) {
      const std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      if (line.size() == 20) {
        const auto now = Clock::now();
        const auto sent_at = Clock::time_point(std::chrono::nanoseconds(std::atoll(line.c_str())));
        if (lines++ == 0) times.first.push_back(Microseconds(now - asked_at));
        times.chunks.push_back(Microseconds(now - sent_at));
      } else if (line == "0\r" && lines == 20) {
        while (buffer.find('\n') == std::string::npos) {
          if (!channel.ReadMore(buffer)) Fail("it ended early");
        }
        return;
      }
    }
    if (!channel.ReadMore(buffer)) Fail("it ended early");
  }
}

int Run(const Target& target, int seconds) {
  Channel channel = target.Connect();
  const std::string request = "GET /trickle HTTP/1.1\r\n" + target.fields + "\r\n";
  Times times;
  const auto start = Clock::now();
  while (Clock::now() < start + std::chrono::seconds(seconds)) Ask(channel, request, times);
  std::printf(
      "{\"responses\": %zu, \"first_byte_us\": %u, \"first_byte_p99_us\": %u, \"chunk_p50_us\": "
      "%u, \"chunk_p99_us\": %u}\n",
      times.first.size(), Percentile(times.first, 0.5), Percentile(times.first, 0.99),
      Percentile(times.chunks, 0.5), Percentile(times.chunks, 0.99));
  return 0;
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  berth::bench::Target target;
  int seconds = 1;
  for (const auto& [name, value] : berth::bench::ReadOptions(argc, argv, target)) {
    if (name == "--seconds") seconds = std::atoi(value.c_str());
  }
  if (target.port <= 0 || seconds < 1) {
    std::fprintf(stderr,
                 "usage: trickle_load --port PORT [--tls on] [--seconds S] [-H FIELD]...\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return berth::bench::Run(target, seconds);
}
