// bulk_load: one large body on each of so many new connections at once, down or up. Prints one line
// of JSON.
//
//     bulk_load --port PORT [--host H] [--tls on] --streams N --path PATH --size BYTES [--up on]
//               [-H "NAME: VALUE"]...
//
// `size` is what each connection moves.
#include <chrono>
#include <thread>

#include "wire.h"

namespace berth::bench {
namespace {

struct Options {
  Target target = {};
  int streams = 1;
  std::string path = "/";
  std::uint64_t size = 0;
  bool is_up = false;
};

void Download(const Options& options) {
  Channel channel = options.target.Connect();
  channel.Write("GET " + options.path + " HTTP/1.1\r\n" + options.target.fields +
                "Connection: close\r\n\r\n");
  std::string begin;
  const std::string head = channel.ReadHead(begin);
  if (!head.starts_with("HTTP/1.1 200 ")) Fail("refused:", head);
  std::uint64_t total = begin.size();
  std::vector<char> buffer(std::size_t{1} << 18);
  while (total < options.size) {
    const ssize_t n = channel.Read(buffer.data(), buffer.size());
    if (n <= 0) Fail("it ended early");
    total += static_cast<std::uint64_t>(n);
  }
}

void Upload(const Options& options) {
  Channel channel = options.target.Connect();
  channel.Write("PUT " + options.path + " HTTP/1.1\r\n" + options.target.fields +
                "Connection: close\r\nContent-Length: " + std::to_string(options.size) +
                "\r\n\r\n");
  const std::string piece(std::size_t{1} << 18, 'x');
  for (std::uint64_t left = options.size; left > 0;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
    if (!channel.Write(std::string_view(piece).substr(0, size))) Fail("it ended early");
    left -= size;
  }
  std::string answer;
  const std::string head = channel.ReadHead(answer);
  // The origin answers with the number of bytes that it was sent.
  const std::string expected = std::to_string(options.size);
  while (answer.find(expected) == std::string::npos) {
    if (!head.starts_with("HTTP/1.1 200 ") || !channel.ReadMore(answer)) Fail("refused:", head);
  }
}

int Run(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < options.streams; ++i) {
    threads.emplace_back(options.is_up ? Upload : Download, std::cref(options));
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("{\"bytes\": %llu, \"seconds\": %.6f}\n",
              static_cast<unsigned long long>(options.size) *
                  static_cast<unsigned long long>(options.streams),
              took.count());
  return 0;
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  berth::bench::Options options;
  for (const auto& [name, value] : berth::bench::ReadOptions(argc, argv, options.target)) {
    if (name == "--streams") options.streams = std::atoi(value.c_str());
    if (name == "--path") options.path = value;
    if (name == "--size") options.size = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--up") options.is_up = value == "on";
  }
  if (options.target.port <= 0 || options.streams < 1 || options.size == 0) {
    std::fprintf(stderr,
                 "usage: bulk_load --port PORT --size BYTES [--host H] [--tls on] [--streams N] "
                 "[--path PATH] [--up on] [-H FIELD]...\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return berth::bench::Run(options);
}
