#include "net/fd_watch.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "base/error.h"

namespace berth::net {

Result<void> FdWatch::Start(int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  if (epoll_ctl(loop_.poll_descriptor(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return FromErrno(errno, "watch descriptor");
  }
  descriptor_ = descriptor;
  return Ok();
}

void FdWatch::Stop() noexcept {
  if (descriptor_ < 0) return;
  epoll_ctl(loop_.poll_descriptor(), EPOLL_CTL_DEL, std::exchange(descriptor_, -1), nullptr);
}

void FdWatch::Deliver(std::uint32_t events) {
  constexpr std::uint32_t kBroken = EPOLLHUP | EPOLLERR;
  if ((events & (kBroken | EPOLLRDHUP)) != 0) is_hung_up_ = true;
  if ((events & (kBroken | EPOLLRDHUP | EPOLLIN)) != 0) readable_.Set();
  if ((events & (kBroken | EPOLLOUT)) != 0) writable_.Set();
}

}  // namespace berth::net
