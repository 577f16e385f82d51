// bench_link: a link between two network namespaces that have no other way to each other, with
// delay, a rate, a queue and loss, for kernels without netem. Carries IP packets between two TUN
// devices; both ends are real TCP of the kernel, which sees the loss.
//
//     bench_link --far PID [--delay-ms D] [--mbit M] [--loss PERCENT] [--queue-ms Q]
//
// The device "near" appears in the caller's namespace, "far" in that of process PID. `delay-ms` is
// one way; without `mbit` the link is as fast as this program. Needs root. Prints "ready".
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <chrono>
#include <cstring>
#include <deque>

#include "wire.h"

namespace berth::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  int far = 0;
  double delay_ms = 0;
  double mbit = 0;
  double loss = 0;
  double queue_ms = 100;
};

int OpenTun(const char* name) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) Die("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(fd, TUNSETIFF, &request) != 0) Die("TUNSETIFF");
  return fd;
}

/// The same in another process's network namespace: a device stays where it was made.
int OpenTunOf(int pid, const char* name) {
  const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
  const int there = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) Die("setns");
  const int fd = OpenTun(name);
  if (setns(home, CLONE_NEWNET) != 0) Die("setns");
  close(home);
  close(there);
  return fd;
}

/// One way of the link.
class Way {
 public:
  Way(int from, int to, const Options& options) : from_(from), to_(to), options_(options) {}

  int from() const { return from_; }

  /// Takes the packets that have arrived.
  void Take() {
    char packet[65536];
    for (ssize_t n; (n = read(from_, packet, sizeof packet)) > 0;) {
      const auto now = Clock::now();
      if (options_.loss > 0 && Random() * 100 < options_.loss) continue;
      auto sent_at = now;
      if (options_.mbit > 0) {
        sent_at = std::max(now, free_at_);
        if (sent_at - now > Ms(options_.queue_ms)) continue;  // The queue is full.
        sent_at += Ms(static_cast<double>(n) * 8 / options_.mbit / 1000);
        free_at_ = sent_at;
      }
      packets_.emplace_back(sent_at + Ms(options_.delay_ms),
                            std::string(packet, static_cast<std::size_t>(n)));
    }
  }

  /// Passes on what is due. When the next one is.
  Clock::time_point Give() {
    while (!packets_.empty() && packets_.front().first <= Clock::now()) {
      const std::string& packet = packets_.front().second;
      (void)!write(to_, packet.data(), packet.size());
      packets_.pop_front();
    }
    return packets_.empty() ? Clock::time_point::max() : packets_.front().first;
  }

 private:
  static Clock::duration Ms(double ms) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::milli>(ms));
  }

  /// 0 to 1, the same ones in every run.
  double Random() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<double>(state_ >> 11) / static_cast<double>(std::uint64_t{1} << 53);
  }

  const int from_;
  const int to_;
  const Options& options_;
  Clock::time_point free_at_{};
  std::deque<std::pair<Clock::time_point, std::string>> packets_;
  std::uint64_t state_ = 88172645463325252ULL;
};

int Run(const Options& options) {
  const int near = OpenTun("near");
  const int far = OpenTunOf(options.far, "far");
  Way ways[] = {{near, far, options}, {far, near, options}};
  std::printf("ready\n");
  std::fflush(stdout);
  for (;;) {
    auto due = Clock::time_point::max();
    for (Way& way : ways) {
      way.Take();
      due = std::min(due, way.Give());
    }
    pollfd polls[] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
    timespec wait{};
    if (due != Clock::time_point::max()) {
      const auto left = std::max(due - Clock::now(), Clock::duration::zero());
      wait.tv_sec = left / std::chrono::seconds(1);
      wait.tv_nsec = left % std::chrono::seconds(1) / std::chrono::nanoseconds(1);
    }
    ppoll(polls, 2, due == Clock::time_point::max() ? nullptr : &wait, nullptr);
  }
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  berth::bench::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const double value = std::atof(argv[i + 1]);
    if (name == "--far") options.far = static_cast<int>(value);
    if (name == "--delay-ms") options.delay_ms = value;
    if (name == "--mbit") options.mbit = value;
    if (name == "--loss") options.loss = value;
    if (name == "--queue-ms") options.queue_ms = value;
  }
  if (options.far <= 0) {
    std::fprintf(stderr,
                 "usage: bench_link --far PID [--delay-ms D] [--mbit M] [--loss PERCENT] "
                 "[--queue-ms Q]\n");
    return 2;
  }
  return berth::bench::Run(options);
}
