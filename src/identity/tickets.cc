#include "identity/tickets.h"

#include <iterator>
#include <utility>

#include "identity/credential.h"

namespace berth::identity {
namespace {

/// Tickets at a time.
constexpr std::size_t kMaxTickets = 4096;
/// Of one session: more than windows that a browser opens again at once, and so few that the 100
/// sessions of a user leave room for others.
constexpr std::size_t kMaxOfSession = 32;

}  // namespace

Tickets::Tickets(std::chrono::milliseconds lifetime, WallClock clock, RandomSource random)
    : lifetime_(lifetime), clock_(std::move(clock)), random_(std::move(random)) {}

Secret Tickets::Issue(SessionPtr session, std::string_view instance_id) {
  const WallTime now = clock_();
  DropOld(now, session->id);
  IssuedCredential issued = IssueCompact(random_);
  tickets_.push_back({.id = std::move(issued.id),
                      .secret_hash = issued.secret_hash,
                      .session_id = session->id,
                      .session = session,
                      .instance_id = std::string(instance_id),
                      .expires_at = now + lifetime_});
  const auto ticket = std::prev(tickets_.end());
  by_id_[ticket->id] = ticket;
  by_session_[ticket->session_id].push_back(ticket);
  return std::move(issued.text);
}

SessionPtr Tickets::Redeem(std::string_view text, std::string_view instance_id) {
  const auto presented = ParseCompact(text);
  if (!presented) return nullptr;
  const auto found = by_id_.find(std::string(presented->id));
  if (found == by_id_.end()) return nullptr;
  if (!EqualsInConstantTime(found->second->secret_hash, presented->secret_hash)) return nullptr;
  const Ticket ticket = *found->second;
  Remove(found->second);
  if (clock_() >= ticket.expires_at || ticket.instance_id != instance_id) return nullptr;
  SessionPtr session = ticket.session.lock();
  if (session == nullptr || session->ended.is_set()) return nullptr;
  return session;
}

void Tickets::DropOld(WallTime now, const std::string& session_id) {
  while (!tickets_.empty() &&
         (now >= tickets_.front().expires_at || tickets_.size() >= kMaxTickets)) {
    Remove(tickets_.begin());
  }
  const auto of_session = by_session_.find(session_id);
  if (of_session != by_session_.end() && of_session->second.size() >= kMaxOfSession) {
    Remove(of_session->second.front());
  }
}

void Tickets::Remove(ByAge::iterator ticket) {
  const auto of_session = by_session_.find(ticket->session_id);
  std::erase(of_session->second, ticket);
  if (of_session->second.empty()) by_session_.erase(of_session);
  by_id_.erase(ticket->id);
  tickets_.erase(ticket);
}

}  // namespace berth::identity
