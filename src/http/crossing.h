// Crossing: a Service on one loop that is answered by a Service on another.
//
// CrossingService stands where connections are served (the *front*), CrossingEnd where requests are
// answered, each on its own loop, in its own thread. What crosses is an exchange: heads, interim
// responses, bodies, errors, and the wish to cancel, each as a message (crossing_message.h); all
// messages of a turn go together. Bodies are pulled as ever (crossing_body.h), so a reader that
// stops stops the sender at the other loop; dropping a task or a body at one end drops it at the
// other. Nothing that belongs to a loop is ever touched, or destroyed, by the other one.
//
//     main loop:   CrossingEnd end(main, limits, router);
//     front loop:  CrossingService crossing(front, limits, end.address());
//                  Server server(front, limits, std::move(listener), crossing);
//
// Either end may go first, with its loop: what is left at the other one fails with kUnavailable.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>

#include "http/crossing_body.h"
#include "http/message.h"

namespace berth::http {

/// Answers what comes from one CrossingService by a service of this loop.
class CrossingEnd : public CrossingPort {
 public:
  /// `limits` and `service` must outlive this.
  CrossingEnd(Executor& executor, const Limits& limits, Service& service);
  /// Cancels what is being answered. Not from inside one of those exchanges.
  ~CrossingEnd() override;

  std::size_t exchanges() const { return served_.size(); }

 private:
  struct Served;

  void OnMessage(crossing::Message message) override;
  void OnClosed(const Error& why) override;
  void Begin(std::uint64_t id, crossing::Begin begin);
  void End(std::uint64_t id);
  Task<void> Serve(std::uint64_t id, Served& served, Request request);
  Task<void> AskAndAnswer(std::uint64_t id, Served& served, Request request);

  Service& service_;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Served>> served_;
};

/// Has each exchange answered at the CrossingEnd whose address it has.
class CrossingService : public CrossingPort, public Service {
 public:
  /// `limits` must outlive this.
  CrossingService(Executor& executor, const Limits& limits, MailAddress<crossing::Message> end);
  ~CrossingService() override;

  /// The errors of the other service, and kUnavailable if it is gone. 503 while it has more than
  /// limits.crossing_messages to take.
  Task<Result<Response>> Exchange(Request request) override;

 private:
  struct Call;
  class ResponseBody;

  void OnMessage(crossing::Message message) override;
  void OnClosed(const Error& why) override;
  void OnAnswer(Call& call, crossing::Answer answer);

  std::uint64_t last_id_ = 0;
  boost::unordered_flat_map<std::uint64_t, Call*> calls_;  ///< Those that wait for a response.
};

}  // namespace berth::http
