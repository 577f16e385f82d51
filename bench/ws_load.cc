// ws_load: round trips over WebSockets. Each connection sends a message, waits for its echo, and
// sends the next; one thread serves them all. Prints one line of JSON.
//
//     ws_load --port PORT [--tls on] --connections N --size BYTES --seconds S [-H "NAME: VALUE"]...
#include <sys/epoll.h>

#include <chrono>
#include <memory>
#include <vector>

#include "wire.h"

namespace berth::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  Target target = {};
  int connections = 1;
  int size = 64;
  int seconds = 1;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (const auto& [name, value] : ReadOptions(argc, argv, options.target)) {
    if (name == "--connections") options.connections = std::atoi(value.c_str());
    if (name == "--size") options.size = std::atoi(value.c_str());
    if (name == "--seconds") options.seconds = std::atoi(value.c_str());
  }
  if (options.target.port <= 0 || options.connections < 1 || options.size < 1 ||
      options.seconds < 1) {
    std::fprintf(stderr,
                 "usage: ws_load --port PORT [--tls on] [--connections N] [--size BYTES] "
                 "[--seconds S] [-H FIELD]...\n");
    std::exit(2);
  }
  return options;
}

/// The header of a final binary frame.
std::string FrameHeader(std::size_t size, bool is_masked) {
  std::string header("\x82");
  const int mask_bit = is_masked ? 0x80 : 0;
  int extra = 0;
  if (size < 126) {
    header.push_back(static_cast<char>(mask_bit | static_cast<int>(size)));
  } else if (size < 65536) {
    header.push_back(static_cast<char>(mask_bit | 126));
    extra = 2;
  } else {
    header.push_back(static_cast<char>(mask_bit | 127));
    extra = 8;
  }
  for (int i = extra - 1; i >= 0; --i) header.push_back(static_cast<char>(size >> (8 * i)));
  return header;
}

/// One connection: everything that it sends, and must receive, is known beforehand.
class Connection {
 public:
  Connection(const Options& options, const std::string& message, const std::string& echo)
      : message_(message), echo_(echo), channel_(options.target.Connect()) {
    channel_.Write(
        "GET /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        options.target.fields + "\r\n");
    const std::string head = channel_.ReadHead(input_);
    if (!head.starts_with("HTTP/1.1 101 ")) Fail("the upgrade failed:", head);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return channel_.fd(); }

  void Send() {
    sent_at_ = Clock::now();
    if (!channel_.Write(message_)) Fail("the connection ended early");
  }

  /// Reads what has arrived. Whether the echo is complete; `took_us` is then the round trip.
  bool Receive(std::uint32_t& took_us) {
    do {
      if (!channel_.ReadMore(input_)) Fail("the connection ended early");
    } while (channel_.HasPending());
    if (input_.size() < echo_.size()) return false;
    if (input_ != echo_) Fail("the echo is not what was sent");
    input_.clear();
    took_us = static_cast<std::uint32_t>((Clock::now() - sent_at_) / std::chrono::microseconds(1));
    return true;
  }

 private:
  const std::string& message_;
  const std::string& echo_;
  Channel channel_;
  std::string input_;
  Clock::time_point sent_at_;
};

int Run(const Options& options) {
  const auto size = static_cast<std::size_t>(options.size);
  // A mask of zeros is a mask: the payload need not be touched.
  const std::string message =
      FrameHeader(size, true) + std::string(4, '\0') + std::string(size, 'x');
  const std::string echo = FrameHeader(size, false) + std::string(size, 'x');
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < options.connections; ++i) {
    auto& connection =
        *connections.emplace_back(std::make_unique<Connection>(options, message, echo));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, connection.fd(), &event) != 0) Die("epoll_ctl");
  }

  std::vector<std::uint32_t> round_trips;
  round_trips.reserve(std::size_t{1} << 22);
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + std::chrono::seconds(options.seconds);
  for (const auto& connection : connections) connection->Send();
  while (Clock::now() < end) {
    epoll_event events[64];
    const int count = epoll_wait(poll, events, 64, 10'000);
    if (count == 0) {
      std::fprintf(stderr, "no echo within 10 s\n");
      return 1;
    }
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[i].data.ptr);
      std::uint32_t took_us = 0;
      if (!connection.Receive(took_us)) continue;
      round_trips.push_back(took_us);
      connection.Send();
    }
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  if (round_trips.empty()) return 1;
  std::printf(
      "{\"round_trips\": %zu, \"seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u, \"p999_us\": "
      "%u}\n",
      round_trips.size(), took.count(), Percentile(round_trips, 0.5), Percentile(round_trips, 0.99),
      Percentile(round_trips, 0.999));
  return 0;
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  return berth::bench::Run(berth::bench::ParseOptions(argc, argv));
}
