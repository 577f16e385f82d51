#include "identity/tickets.h"

#include <utility>

#include "identity/credential.h"

namespace berth::identity {
namespace {

/// Tickets at a time.
constexpr std::size_t kMaxTickets = 4096;

}  // namespace

Tickets::Tickets(std::chrono::milliseconds lifetime, WallClock clock, RandomSource random)
    : lifetime_(lifetime), clock_(std::move(clock)), random_(std::move(random)) {}

Secret Tickets::Issue(SessionPtr session, std::string_view instance_id) {
  const WallTime now = clock_();
  DropOld(now);
  IssuedCredential issued = IssueCompact(random_);
  by_age_.push_back(issued.id);
  tickets_[std::move(issued.id)] = Ticket{.secret_hash = issued.secret_hash,
                                          .session = std::move(session),
                                          .instance_id = std::string(instance_id),
                                          .expires_at = now + lifetime_};
  return std::move(issued.text);
}

SessionPtr Tickets::Redeem(std::string_view text, std::string_view instance_id) {
  const auto presented = ParseCompact(text);
  if (!presented) return nullptr;
  const auto found = tickets_.find(std::string(presented->id));
  if (found == tickets_.end()) return nullptr;
  if (!EqualsInConstantTime(found->second.secret_hash, presented->secret_hash)) return nullptr;
  const Ticket ticket = std::move(found->second);
  tickets_.erase(found);
  if (clock_() >= ticket.expires_at || ticket.instance_id != instance_id) return nullptr;
  SessionPtr session = ticket.session.lock();
  if (session == nullptr || session->ended.is_set()) return nullptr;
  return session;
}

void Tickets::DropOld(WallTime now) {
  while (!by_age_.empty()) {
    const auto oldest = tickets_.find(by_age_.front());
    const bool is_used = oldest == tickets_.end();
    const bool is_over = is_used || now >= oldest->second.expires_at;
    if (!is_over && by_age_.size() < kMaxTickets) return;
    if (!is_used) tickets_.erase(oldest);
    by_age_.pop_front();
  }
}

}  // namespace berth::identity
