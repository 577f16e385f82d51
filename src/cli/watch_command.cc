// `berth watch`: what the instances are doing, live.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>

#include "base/event.h"
#include "base/json.h"
#include "base/task_group.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "terminal/show.h"
#include "terminal/text.h"
#include "terminal/watch.h"
#include "terminal/words.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth watch                         a live table; Ctrl-C ends it
  berth watch >> log                  one line per change, the present state first
  berth watch --json                  one JSON object a line, as the hub's dashboard gets them
  berth watch --json | jq -r 'select(.client.metadata.state == "needs_you") | .client.id'

It goes on by itself when the hub was away. --json lines have a "type": client_list (everything,
after each connection; with "more": true the rest follows, up to client_list_end), client_update,
client_disconnected, client_removed.
)";

constexpr Duration kRedraw = std::chrono::seconds(1);

struct WatchArguments {
  HubAccess access;
  bool is_json = false;
};

/// One line per change on a pipe, or the hub's messages as they are. Sets `ended` when it cannot
/// be written any more.
class Log : public terminal::WatchObserver {
 public:
  Log(bool is_json, Event& ended) : is_json_(is_json), ended_(ended) {}

  void OnMessage(const control::Message& message, std::string_view text) override {
    if (std::exchange(is_lost_, false)) Warn("berth watch: connected again\n");
    if (is_json_) {
      PrintJson(message, text);
    } else {
      const WallTime now = SystemWallClock()();
      for (const auto& change : book_.Take(message)) {
        Say("{}\n", terminal::ShowChange(change, now, {}));
      }
    }
    if (FlushOutput() != 0) ended_.Set();
  }

  void OnLost(const Error& why) override {
    if (std::exchange(is_lost_, true)) return;
    Warn("berth watch: {}; trying again until the hub is back\n", terminal::Plain(why.message));
  }

 private:
  static void PrintJson(const control::Message& message, std::string_view text) {
    const bool is_news = std::holds_alternative<control::ClientList>(message) ||
                         std::holds_alternative<control::ClientListEnd>(message) ||
                         std::holds_alternative<control::ClientUpdate>(message) ||
                         std::holds_alternative<control::ClientDisconnected>(message) ||
                         std::holds_alternative<control::ClientRemoved>(message);
    if (!is_news) return;
    // Written anew: on one line, whatever the hub did.
    const auto value = ParseJson(text);
    if (value) SayJson(boost::json::serialize(*value));
  }

  const bool is_json_;
  Event& ended_;
  terminal::InstanceBook book_;
  bool is_lost_ = false;
};

// A second screen, without a cursor; and the first one again.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

/// While there is one, Ctrl-Z and Ctrl-\ do what they do from the terminal as it was, and `fg`
/// comes back to the second screen.
class JobControl {
 public:
  JobControl() {
    for (const int number : {SIGTSTP, SIGQUIT}) {
      if (!IsIgnored(number)) Catch(number);  // As a shell without job control has it.
    }
  }
  ~JobControl() {
    for (const int number : {SIGTSTP, SIGQUIT}) {
      if (!IsIgnored(number)) ::signal(number, SIG_DFL);
    }
  }
  JobControl(const JobControl&) = delete;
  JobControl& operator=(const JobControl&) = delete;

 private:
  static bool IsIgnored(int number) {
    struct sigaction present{};
    return ::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
  }

  // The default action is back when the handler runs, which may raise the signal again.
  static void Catch(int number) {
    struct sigaction action{};
    action.sa_handler = &Handle;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER | SA_RESTART;
    ::sigaction(number, &action, nullptr);
  }

  static void Handle(int number) {
    const int kept = errno;
    WriteAtOnce(kLeave);
    ::raise(number);
    // Here only after a stop.
    WriteAtOnce(kEnter);
    Catch(number);
    errno = kept;
  }

  static void WriteAtOnce(std::string_view text) {
    [[maybe_unused]] const auto size = ::write(STDOUT_FILENO, text.data(), text.size());
  }
};

/// A table that fills the terminal and is drawn over itself. Leaves the terminal as it was.
class Board : public terminal::WatchObserver {
 public:
  /// Sets `ended` when the terminal is gone.
  Board(std::string url, Event& ended) : url_(std::move(url)), ended_(ended) {
    WriteOutput(kEnter);
    Draw();
  }
  ~Board() override {
    WriteOutput(kLeave);
    FlushOutput();
  }

  void OnMessage(const control::Message& message, std::string_view) override {
    is_known_ = true;
    trouble_.clear();
    book_.Take(message);
    Draw();
  }
  void OnLost(const Error& why) override {
    trouble_ = terminal::Plain(why.message);
    Draw();
  }

  void Draw() const {
    const terminal::Screen screen = terminal::StandardOutput();
    const std::size_t columns = screen.columns.value_or(80);
    const std::size_t lines = screen.lines.value_or(24);
    std::vector<std::string> shown = Lines(screen, columns);
    if (shown.size() > lines) {
      const std::size_t hidden = shown.size() - lines + 1;
      shown.resize(lines - 1);
      shown.push_back(screen.Paint(terminal::Ink::kDim, fmt::format("and {} more", hidden)));
    }
    std::string text = "\x1b[H";
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (i > 0) text += "\r\n";
      // Before the text: after one that fills the line the cursor is still on its last cell.
      text += "\x1b[K" + shown[i];
    }
    text += "\x1b[J";
    WriteOutput(text);
    if (FlushOutput() != 0) ended_.Set();
  }

 private:
  std::vector<std::string> Lines(const terminal::Screen& screen, std::size_t columns) const {
    const auto clients = book_.Instances();
    std::vector<std::string> lines;
    const std::string summary = is_known_ ? terminal::Summary(clients) : "connecting";
    lines.push_back(screen.Paint(terminal::Ink::kBold,
                                 terminal::Fit(fmt::format("{}  {}", summary, url_), columns)));
    if (trouble_.empty()) {
      lines.push_back(
          screen.Paint(terminal::Ink::kDim, terminal::Fit("live; Ctrl-C ends", columns)));
    } else {
      const std::string text = "not live, trying again: " + trouble_;
      lines.push_back(screen.Paint(terminal::Ink::kBad, terminal::Fit(text, columns)));
    }
    lines.emplace_back();
    if (clients.empty()) return lines;
    const auto table =
        terminal::ShowList(clients, SystemWallClock()(), screen, terminal::ListKind::kQuestions);
    lines.insert(lines.end(), table.begin(), table.end());
    return lines;
  }

  const std::string url_;
  Event& ended_;
  terminal::InstanceBook book_;
  bool is_known_ = false;
  std::string trouble_;
};

/// For the durations, and the terminal's size.
Task<void> KeepDrawing(Executor& executor, const Board& board) {
  for (;;) {
    co_await Sleep(executor, kRedraw);
    board.Draw();
  }
}

/// The error that ended it, as a Result for WithCancel.
Task<Result<void>> Follow(terminal::HubClient& hub, terminal::WatchObserver& observer) {
  Error why = co_await terminal::WatchInstances(hub, observer);
  co_return why;
}

Task<int> WatchOnTerminal(terminal::HubClient& hub) {
  Event gone(hub.executor());
  Result<void> followed;
  {
    Board board(hub.url(), gone);
    const JobControl jobs;
    const Job drawing(hub.executor(), "draw", KeepDrawing(hub.executor(), board));
    followed = co_await WithCancel(gone, Follow(hub, board));
  }
  if (gone.is_set()) co_return 0;
  co_return Complain("watch", followed.error(), kFailed);
}

Task<int> WatchOnPipe(terminal::HubClient& hub, bool is_json) {
  Event unread(hub.executor());
  Log log(is_json, unread);
  auto followed = co_await WithCancel(unread, Follow(hub, log));
  if (unread.is_set()) co_return 0;
  co_return Complain("watch", followed.error(), kFailed);
}

int Run(const WatchArguments& arguments, const Environment& environment) {
  auto account = arguments.access.Find(environment);
  if (!account) return Complain("watch", account.error(), kMisused);
  // A reader that goes away shows when we write.
  ::signal(SIGPIPE, SIG_IGN);
  const bool is_terminal = terminal::StandardOutput().is_terminal && !arguments.is_json;
  const int status = RunWithHub(
      "watch", std::move(*account),
      [&](terminal::HubClient& hub) {
        return is_terminal ? WatchOnTerminal(hub) : WatchOnPipe(hub, arguments.is_json);
      },
      0);
  // A reader that has gone, as with `| head`; ECONNRESET is what a socket says.
  if (const int error = FlushOutput(); error == EPIPE || error == ECONNRESET) ForgiveOutput();
  return status;
}

}  // namespace

void AddWatchCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<WatchArguments>();
  auto* command = app.add_subcommand("watch", "Watch your instances live in the terminal");
  command->footer(std::string(kExamples));
  arguments->access.AddFlags(*command);
  command->add_flag("--json", arguments->is_json, "One JSON object a line");
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
