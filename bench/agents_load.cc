// agents_load: many agents of one hub, of which each does as much as an agent that nobody uses: the
// upgrade, `register`, a status, an answer to each ping. One thread, driven by lines on its input:
//
//     add N       opens N more, up to 200 at a time       → {"registered": N, "seconds": S}
//     reset       cuts all of them off, and opens them again at once           → the same
//     status ID W sends the status W ("busy", "idle") of the agent number ID   → {"sent_at_ns": T}
//
//     agents_load --port PORT [--tls on] --token-file FILE [-H "NAME: VALUE"]...
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <memory>

#include "wire.h"

namespace berth::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  Target target = {};
  std::string token = {};
};

constexpr int kText = 0x1, kPing = 0x9, kPong = 0xA, kClose = 0x8;

/// A masked final frame; a mask of zeros is one.
std::string Frame(int opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  frame.append(4, '\0');
  return frame.append(payload);
}

/// One agent's connection, from connect on; it never blocks.
class Agent {
 public:
  Agent(const Options& options, int number, int poll)
      : options_(options), id_("idle-" + std::to_string(number)), poll_(poll) {}
  ~Agent() { Close(); }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  bool is_registered() const { return state_ == State::kRegistered; }

  void Open() {
    Close();
    input_.clear();
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) Die("socket");
    SendAtOnce(fd_);
    const sockaddr_in address = AddressOf(options_.target.host, options_.target.port);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
      Die("connect");
    }
    if (options_.target.is_tls) {
      ssl_ = SSL_new(TlsClientContext());
      SSL_set_fd(ssl_, fd_);
      SSL_set_connect_state(ssl_);
    }
    output_ = "GET /ws/connect HTTP/1.1\r\n" + options_.target.fields +
              "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: berth.h2\r\n"
              "Authorization: Bearer " +
              options_.token + "\r\nUser-Agent: berth/bench\r\n\r\n";
    state_ = State::kHead;
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = this}};
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, fd_, &event) != 0) Die("epoll_ctl");
  }

  void Close() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
    state_ = State::kClosed;
  }

  void SendStatus(std::string_view status) {
    output_ += Frame(kText, "{\"type\":\"status_update\",\"client_id\":\"" + id_ +
                                "\",\"status\":\"" + std::string(status) + "\"}");
    Flush();
  }

  /// Does what can be done now; the kernel tells only once.
  void Work() {
    if (fd_ < 0) return;
    Flush();
    char piece[16 * 1024];
    for (;;) {
      const ssize_t n = Read(piece, sizeof piece);
      if (n == 0) Fail("the hub closed the tunnel of", id_);
      if (n < 0) break;
      input_.append(piece, static_cast<std::size_t>(n));
      Take();
    }
    Flush();
  }

 private:
  enum class State { kClosed, kHead, kRegistering, kRegistered };

  /// 0 at the end, -1 for "later".
  ssize_t Read(char* to, std::size_t size) {
    if (ssl_ == nullptr) {
      const ssize_t n = recv(fd_, to, size, 0);
      return n < 0 && errno != EAGAIN && errno != ENOTCONN ? 0 : n;
    }
    const int n = SSL_read(ssl_, to, static_cast<int>(size));
    if (n > 0) return n;
    const int error = SSL_get_error(ssl_, n);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }

  void Flush() {
    while (!output_.empty()) {
      const ssize_t n = ssl_ != nullptr
                            ? SSL_write(ssl_, output_.data(), static_cast<int>(output_.size()))
                            : send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      output_.erase(0, static_cast<std::size_t>(n));
    }
  }

  void Take() {
    if (state_ == State::kHead) {
      const std::size_t end = input_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      if (!input_.starts_with("HTTP/1.1 101 ")) Fail("the tunnel was refused:", input_);
      input_.erase(0, end + 4);
      state_ = State::kRegistering;
      output_ += Frame(kText, "{\"type\":\"register\",\"client_id\":\"" + id_ +
                                  "\",\"metadata\":{\"hostname\":\"" + id_ +
                                  "\",\"platform\":\"linux\",\"project\":\"/srv/project\","
                                  "\"status\":\"idle\"}}");
    }
    while (input_.size() >= 2) {
      std::size_t size = static_cast<unsigned char>(input_[1]);
      std::size_t at = 2;
      if (size == 126) {
        if (input_.size() < 4) return;
        size = static_cast<std::size_t>(static_cast<unsigned char>(input_[2])) << 8 |
               static_cast<unsigned char>(input_[3]);
        at = 4;
      }
      if (input_.size() < at + size) return;
      OnFrame(static_cast<unsigned char>(input_[0]) & 0xF, input_.substr(at, size));
      input_.erase(0, at + size);
    }
    if (input_.empty()) std::string().swap(input_);
  }

  void OnFrame(int opcode, const std::string& payload) {
    if (opcode == kPing) output_ += Frame(kPong, payload);
    if (opcode == kClose) Fail("the hub ended the tunnel:", payload);
    if (opcode != kText || payload.find("\"registered\"") == std::string::npos) return;
    if (payload.find("\"success\":true") == std::string::npos) {
      Fail("registration was refused:", payload);
    }
    state_ = State::kRegistered;
    output_ += Frame(kPing, "12345678");
    SendStatus("idle");
  }

  const Options& options_;
  const std::string id_;
  const int poll_;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
  State state_ = State::kClosed;
  std::string input_;
  std::string output_;
};

class Fleet {
 public:
  explicit Fleet(const Options& options) : options_(options), poll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void Serve(int timeout_ms) {
    epoll_event events[256];
    const int count = epoll_wait(poll_, events, 256, timeout_ms);
    for (int i = 0; i < count; ++i) static_cast<Agent*>(events[i].data.ptr)->Work();
  }

  /// Opens so many more, `at_once` at a time, and waits until all are registered.
  void Add(std::size_t count, std::size_t at_once) {
    const auto start = Clock::now();
    for (std::size_t left = count; left > 0;) {
      const std::size_t some = std::min(left, at_once);
      for (std::size_t i = 0; i < some; ++i) {
        agents_.push_back(
            std::make_unique<Agent>(options_, static_cast<int>(agents_.size()), poll_));
        agents_.back()->Open();
      }
      AwaitAll(agents_.size() - some);
      left -= some;
    }
    Report(count, start);
  }

  void Reset() {
    for (const auto& agent : agents_) agent->Close();
    const auto start = Clock::now();
    for (const auto& agent : agents_) agent->Open();
    AwaitAll(0);
    Report(agents_.size(), start);
  }

  void SendStatus(std::size_t number, const std::string& status) {
    const auto now = Clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    agents_.at(number)->SendStatus(status);
    std::printf("{\"sent_at_ns\": %lld}\n", static_cast<long long>(now));
    std::fflush(stdout);
  }

 private:
  void AwaitAll(std::size_t from) {
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    for (; from < agents_.size(); ++from) {
      while (!agents_[from]->is_registered()) {
        if (Clock::now() > deadline) Fail("not all agents were registered within 60 s");
        Serve(100);
      }
    }
  }

  static void Report(std::size_t count, Clock::time_point start) {
    const std::chrono::duration<double> took = Clock::now() - start;
    std::printf("{\"registered\": %zu, \"seconds\": %.6f}\n", count, took.count());
    std::fflush(stdout);
  }

  const Options& options_;
  const int poll_;
  std::vector<std::unique_ptr<Agent>> agents_;
};

int Run(const Options& options) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Fleet fleet(options);
  std::string input;
  for (;;) {
    pollfd command{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&command, 1, 0) > 0) {
      char piece[256];
      const ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
      if (n <= 0) return 0;
      input.append(piece, static_cast<std::size_t>(n));
    }
    if (const std::size_t end = input.find('\n'); end != std::string::npos) {
      const std::string line = input.substr(0, end);
      input.erase(0, end + 1);
      const std::size_t space = line.rfind(' ');
      if (line.starts_with("add ")) fleet.Add(std::strtoull(&line[4], nullptr, 10), 200);
      if (line == "reset") fleet.Reset();
      if (line.starts_with("status ")) {
        fleet.SendStatus(std::strtoull(&line[7], nullptr, 10), line.substr(space + 1));
      }
    }
    fleet.Serve(5);
  }
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  berth::bench::Options options;
  for (const auto& [name, value] : berth::bench::ReadOptions(argc, argv, options.target)) {
    if (name == "--token-file") std::ifstream(value) >> options.token;
  }
  if (options.target.port <= 0 || options.token.empty()) {
    std::fprintf(stderr,
                 "usage: agents_load --port PORT --token-file FILE [--tls on] [-H FIELD]...\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return berth::bench::Run(options);
}
