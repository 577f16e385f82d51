#include "net/resolve.h"

#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/event.h"

namespace berth::net {
namespace {

/// Shared by the waiting Task and the thread, whichever ends first.
struct Lookup {
  explicit Lookup(Loop& waiting) : loop(&waiting), done(waiting) {}

  std::mutex mutex;
  Loop* loop;  ///< Guarded by mutex; null once nobody waits: the loop may then be gone.
  std::optional<Result<std::vector<SocketAddress>>> found;  ///< Written before the loop is told.
  Event done;                                               ///< Used on the loop's thread only.
};

/// Ends the thread's interest in the loop when the waiting Task ends or is dropped.
struct StopWaiting {
  Lookup& lookup;
  ~StopWaiting() {
    const std::lock_guard lock(lookup.mutex);
    lookup.loop = nullptr;
  }
};

void LookUp(const std::shared_ptr<Lookup>& lookup, const HostPort& address) {
  auto found = ResolveBlocking(address);
  const std::lock_guard lock(lookup->mutex);
  if (lookup->loop == nullptr) return;
  lookup->found = std::move(found);
  lookup->loop->Post([lookup] { lookup->done.Set(); });
}

}  // namespace

Task<Result<std::vector<SocketAddress>>> Resolve(Loop& loop, HostPort address) {
  if (auto literal = SocketAddress::FromText(address.host, address.port)) {
    co_return std::vector<SocketAddress>{*literal};
  }
  auto lookup = std::make_shared<Lookup>(loop);
  const StopWaiting guard{*lookup};
  try {
    std::thread([lookup, address] { LookUp(lookup, address); }).detach();
  } catch (const std::system_error& failure) {
    co_return Internal(fmt::format("start the resolver's thread: {}", failure.what()));
  }
  co_await lookup->done.Wait();
  co_return std::move(*lookup->found);
}

}  // namespace berth::net
