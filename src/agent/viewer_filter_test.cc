#include "agent/viewer_filter.h"

#include <gtest/gtest.h>

#include "agent/adapters/claudecodeui.h"
#include "agent/adapters/generic.h"
#include "agent/fake_instance_testing.h"
#include "agent/worker_testing.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/body_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using http::AppendFrame;
using http::testing::Cut;
using http::testing::PieceBody;
using Opcode = http::WebSocketOpcode;

const http::MaskKey kMask{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

std::string Frame(Opcode opcode, std::string_view payload, bool is_final = true) {
  std::string frame;
  AppendFrame(frame, opcode, payload, kMask, is_final);
  return frame;
}

std::optional<std::string> OnlyAllowed(std::string_view message) {
  if (!message.starts_with("ok")) return std::nullopt;
  return std::string(message);
}

struct ViewerFilterTest : ::testing::Test {
  TestExecutor executor;

  /// What comes out: "text:...", "ping:...", ... one after the other.
  Result<std::vector<std::string>> Run(std::vector<std::string> pieces) {
    ViewerFilter filter(std::make_unique<PieceBody>(std::move(pieces)), OnlyAllowed);
    http::WebSocketDecoder decoder(http::WebSocketRole::kAcceptor, {});
    std::vector<std::string> seen;
    for (;;) {
      auto piece = executor.Await(filter.Read());
      if (!piece) return std::move(piece).error();
      if (piece->empty()) return seen;
      EXPECT_LE(piece->size(), 2 * ViewerFilter::kMaxMessage);
      http::MutableBytes input = *piece;
      for (;;) {
        auto event = decoder.Next(input);
        if (!event) return std::move(event).error();
        if (!*event) break;
        constexpr const char* kNames[] = {"text", "binary", "ping", "pong", "close"};
        std::string line = kNames[static_cast<int>((*event)->kind)];
        if ((*event)->kind == http::WebSocketEvent::Kind::kClose) {
          line += std::to_string((*event)->code);
        }
        seen.push_back(line + ":" + std::string((*event)->text()));
      }
    }
  }
  Result<std::vector<std::string>> Run(std::string_view text, std::size_t size) {
    return Run(Cut(text, size));
  }
};

const std::string kConversation = [] {
  std::string all;
  all += Frame(Opcode::kText, "ok 1");
  all += Frame(Opcode::kText, "chat.send");
  all += Frame(Opcode::kBinary, "ok but binary");
  all += Frame(Opcode::kPing, "p");
  all += Frame(Opcode::kText, "o", false) + Frame(Opcode::kPong, "q") +
         Frame(Opcode::kContinuation, "k ", false) + Frame(Opcode::kContinuation, "2");
  all += Frame(Opcode::kText, "no", false) + Frame(Opcode::kContinuation, "ok 3");
  all += Frame(Opcode::kBinary, "ok", false) + Frame(Opcode::kContinuation, "ok 4");
  all += Frame(Opcode::kText, "");
  all += Frame(Opcode::kText, "ok " + std::string(300, 'x'));
  all += Frame(Opcode::kClose, http::ClosePayload(1001, "bye"));
  return all;
}();
const std::vector<std::string> kPassed = {
    "text:ok 1",    "ping:p", "pong:q", "text:ok 2", "text:ok " + std::string(300, 'x'),
    "close1001:bye"};

TEST_F(ViewerFilterTest, PassesOnlyWhatTheAdapterLetsPass) {
  EXPECT_EQ(Run(kConversation, kConversation.size()).value(), kPassed);
}

TEST_F(ViewerFilterTest, WhereverTheBytesAreCut) {
  for (std::size_t size = 1; size < 20; ++size) {
    EXPECT_EQ(Run(kConversation, size).value(), kPassed) << size;
  }
  for (std::size_t cut = 1; cut < kConversation.size(); ++cut) {
    EXPECT_EQ(Run({kConversation.substr(0, cut), kConversation.substr(cut)}).value(), kPassed)
        << cut;
  }
}

TEST_F(ViewerFilterTest, DropsLongMessagesAsTheyStream) {
  const std::string most = "ok" + std::string(ViewerFilter::kMaxMessage - 2, 'x');
  const std::string most_but_one = most.substr(1);
  std::string all;
  all += Frame(Opcode::kText, most);
  all += Frame(Opcode::kText, most + "x");
  all += Frame(Opcode::kText, most_but_one, false) + Frame(Opcode::kContinuation, "xx", false) +
         Frame(Opcode::kPing, "between") + Frame(Opcode::kContinuation, most, false) +
         Frame(Opcode::kContinuation, "ok");
  all += Frame(Opcode::kText, "ok" + std::string(3 << 20, 'y'));
  all += Frame(Opcode::kBinary, std::string(20 << 20, 'z'));
  all += Frame(Opcode::kText, "ok 5");
  for (const std::size_t size : {std::size_t{16 * 1024}, std::size_t{100'001}}) {
    EXPECT_EQ(Run(all, size).value(),
              (std::vector<std::string>{"text:" + most, "ping:between", "text:ok 5"}));
  }
}

TEST_F(ViewerFilterTest, BreaksOffAtWhatIsNoWebSocket) {
  std::string unmasked;
  AppendFrame(unmasked, Opcode::kText, "ok", std::nullopt);
  std::string compressed = Frame(Opcode::kText, "ok");
  compressed[0] = static_cast<char>(compressed[0] | 0x40);
  for (const std::string& bad :
       {unmasked, compressed, Frame(Opcode::kContinuation, "ok"), std::string("GET / HTTP/1.1\r\n"),
        Frame(Opcode::kText, "o", false) + Frame(Opcode::kText, "ok"),
        Frame(Opcode::kText, "ok \xff"), Frame(Opcode::kPing, "p", false)}) {
    EXPECT_THAT(Run(bad, bad.size()), FailsWith(ErrorKind::kInvalid));
  }
}

struct ViewerRulesTest : ::testing::Test {
  TestExecutor executor;
  InlineWorker worker;
  testing::FakeInstance instance;
  InstanceInfo info;
  ClaudeCodeUi adapter{{executor, worker, instance, info}, {}};

  static http::RequestHead Head(std::string target) {
    http::RequestHead head;
    head.method = "GET";
    head.target = std::move(target);
    return head;
  }
  std::optional<std::string> Say(std::string_view message, const char* target = "/ws?token=x") {
    return adapter.ViewerMessages(Head(target))(message);
  }
};

TEST_F(ViewerRulesTest, AViewerOfAChatMayOnlyListen) {
  info.version = "1.37.3";
  EXPECT_EQ(Say(R"( {"type":"chat.subscribe", "sessions":[{"sessionId":"a","lastSeq":7}]} )"),
            R"({"type":"chat.subscribe","sessions":[{"sessionId":"a","lastSeq":7}]})");
  EXPECT_TRUE(Say(R"({"type":"get-active-sessions"})"));
  EXPECT_TRUE(Say(R"({"type":"check-session-status","sessionId":"a"})"));
  EXPECT_TRUE(Say(R"({"type":"ping"})"));
  for (const char* message :
       {R"({"type":"chat.send","sessionId":"a","content":"rm"})", R"({"type":"chat.edit-send"})",
        R"({"type":"chat.abort","sessionId":"a"})", R"({"type":"chat.permission-response"})",
        R"({"type":"claude-command"})", R"({"type":"abort-session"})", R"({"type":"init"})",
        R"({"type":"input","data":"x"})", R"({"type":"CHAT.SUBSCRIBE"})",
        R"({"type":"chat.subscribe "})", R"({"type":["chat.subscribe"]})",
        R"([{"type":"chat.subscribe"}])", R"({"kind":"chat.subscribe"})", R"("chat.subscribe")",
        R"({"type":"chat.subscribe")", "", "{}", "null", "ping"}) {
    EXPECT_FALSE(Say(message)) << message;
  }
  // A number that no double holds has no spelling of ours.
  EXPECT_FALSE(Say(R"({"type":"ping","n":1e400})"));
  // Of two, the instance takes the last; what passes holds one.
  EXPECT_FALSE(Say(R"({"type":"chat.subscribe","type":"chat.send"})"));
  EXPECT_EQ(Say(R"({"type":"chat.send","type":"ping"})"), R"({"type":"ping"})");
}

TEST_F(ViewerRulesTest, DoesNotTakeTheStreamAwayFromTheOwnersPage) {
  for (const char* version : {"1.37.2", "1.34.0", "1.9.99", "0.99.99", "", "dev", "1.x"}) {
    info.version = version;
    EXPECT_FALSE(Say(R"({"type":"chat.subscribe","sessions":[]})")) << version;
    EXPECT_FALSE(Say(R"({"type":"check-session-status"})")) << version;
    EXPECT_TRUE(Say(R"({"type":"get-active-sessions"})")) << version;
  }
  for (const char* version : {"1.37.3", "1.37.10", "1.38.0", "2.0.0", "1.37.3-beta"}) {
    info.version = version;
    EXPECT_TRUE(Say(R"({"type":"chat.subscribe","sessions":[]})")) << version;
  }
}

TEST_F(ViewerRulesTest, ATerminalHearsNothingFromAViewer) {
  for (const char* message : {R"({"type":"init"})", R"({"type":"input","data":"ls\n"})",
                              R"({"type":"resize"})", R"({"type":"ping"})", ""}) {
    EXPECT_FALSE(Say(message, "/shell?token=x")) << message;
  }
}

TEST_F(ViewerRulesTest, OpensNoOtherSocketForAViewer) {
  for (const char* target : {"/", "/plugin-ws/x", "/desktop-notifications", "/WS", "/ws/", "/%77s",
                             "/shell/", "/Shell", "/ws/../shell", "/wss"}) {
    EXPECT_EQ(adapter.ViewerMessages(Head(target)), nullptr) << target;
  }
  Generic generic({executor, worker, instance, info}, {});
  EXPECT_EQ(generic.ViewerMessages(Head("/ws")), nullptr);
  EXPECT_FALSE(generic.HasSideEffects(Head("/anything")));
}

TEST_F(ViewerRulesTest, KnowsWhichReadingChangesSomething) {
  for (const char* target :
       {"/api/projects/clone-progress?url=x", "/API/Projects/Clone-Progress/",
        "/api/projects/clone%2dprogress", "/api/projects//clone-progress", "/api/plugins/x/rpc/run",
        "/api/plugins/x/RPC/run?y", "/api/plugins/%78/%72pc/run", "/api/agent", "/api/agent/x"}) {
    EXPECT_TRUE(adapter.HasSideEffects(Head(target))) << target;
  }
  for (const char* target : {"/", "/api/projects", "/api/plugins", "/api/plugins/x/assets/a.js",
                             "/api/providers/sessions/running", "/assets/index.js"}) {
    EXPECT_FALSE(adapter.HasSideEffects(Head(target))) << target;
  }
}

}  // namespace
}  // namespace berth::agent
