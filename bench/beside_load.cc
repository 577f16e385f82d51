// beside_load: small requests, one after the other on one connection, while downloads run at a
// steady rate on others. Prints one line of JSON.
//
//     beside_load --port PORT [--tls on] --seconds S [--downloads N] [--rate BYTES-PER-SECOND]
//                 [--large PATH] [--small PATH] [-H "NAME: VALUE"]...
#include <atomic>
#include <chrono>
#include <thread>

#include "wire.h"

namespace berth::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  Target target = {};
  int downloads = 2;
  double rate = 40e6;
  int seconds = 1;
  std::string large = "/256m.bin";
  std::string small = "/1k.bin";
};

std::string Request(const Options& options, const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\n" + options.target.fields + "\r\n";
}

std::uint64_t LengthIn(const std::string& head) {
  if (!head.starts_with("HTTP/1.1 200 ")) Fail("refused:", head);
  std::string lower = head;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  const std::size_t at = lower.find("content-length:");
  if (at == std::string::npos) Fail("no length in", head);
  return std::strtoull(lower.c_str() + at + 15, nullptr, 10);
}

/// Reads `large` again and again, never ahead of the rate.
void Download(const Options& options, std::atomic<bool>& is_over,
              std::atomic<std::uint64_t>& moved) {
  std::vector<char> piece(std::size_t{64} << 10);
  Channel channel = options.target.Connect();
  const auto start = Clock::now();
  double total = 0;
  while (!is_over) {
    channel.Write(Request(options, options.large));
    std::string begin;
    std::uint64_t left = LengthIn(channel.ReadHead(begin)) - begin.size();
    while (left > 0 && !is_over) {
      const ssize_t n = channel.Read(piece.data(), std::min<std::uint64_t>(left, piece.size()));
      if (n <= 0) Fail("a download ended early");
      left -= static_cast<std::uint64_t>(n);
      total += static_cast<double>(n);
      moved += static_cast<std::uint64_t>(n);
      std::this_thread::sleep_until(start +
                                    std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(total / options.rate)));
    }
  }
}

int Run(const Options& options) {
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> moved = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < options.downloads; ++i) {
    threads.emplace_back(Download, std::cref(options), std::ref(is_over), std::ref(moved));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // They are under way.
  Channel channel = options.target.Connect();
  const std::string request = Request(options, options.small);
  std::vector<std::uint32_t> times;
  std::string buffer;
  const auto start = Clock::now();
  moved = 0;
  while (Clock::now() < start + std::chrono::seconds(options.seconds)) {
    const auto sent_at = Clock::now();
    channel.Write(request);
    const std::uint64_t length = LengthIn(channel.ReadHead(buffer));
    while (buffer.size() < length) {
      if (!channel.ReadMore(buffer)) Fail("a small response ended early");
    }
    buffer.erase(0, length);
    times.push_back(
        static_cast<std::uint32_t>((Clock::now() - sent_at) / std::chrono::microseconds(1)));
    // So that they are a user's, and no load of their own.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  const double rate = static_cast<double>(moved) / took.count();
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  std::printf(
      "{\"requests\": %zu, \"seconds\": %.6f, \"bytes_per_second\": %.0f, \"p50_us\": %u, "
      "\"p99_us\": %u, \"p999_us\": %u}\n",
      times.size(), took.count(), rate, Percentile(times, 0.5), Percentile(times, 0.99),
      Percentile(times, 0.999));
  return 0;
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  berth::bench::Options options;
  for (const auto& [name, value] : berth::bench::ReadOptions(argc, argv, options.target)) {
    if (name == "--downloads") options.downloads = std::atoi(value.c_str());
    if (name == "--rate") options.rate = std::atof(value.c_str());
    if (name == "--seconds") options.seconds = std::atoi(value.c_str());
    if (name == "--large") options.large = value;
    if (name == "--small") options.small = value;
  }
  if (options.target.port <= 0 || options.seconds < 1 || options.rate <= 0) {
    std::fprintf(stderr,
                 "usage: beside_load --port PORT [--tls on] [--seconds S] [--downloads N] "
                 "[--rate BYTES] [--large PATH] [--small PATH] [-H FIELD]...\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return berth::bench::Run(options);
}
