// What of a peer's message is refused, and with which words.
#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "control/message.h"

namespace berth::control {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

std::string ErrorOf(std::string_view text, Sender from = Sender::kAgent) {
  auto message = Parse(text, from);
  return message ? "accepted" : message.error().message;
}

TEST(MessageRefusalTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(ErrorOf(R"({"a":1})"), "field \"type\" is not a string");
  EXPECT_EQ(ErrorOf(R"({"type":1})"), "field \"type\" is not a string");
  EXPECT_EQ(ErrorOf(R"({"type":"register","metadata":{}})"), "field \"client_id\" is missing");
  EXPECT_EQ(ErrorOf(R"({"type":"register","client_id":null,"metadata":{}})"),
            "field \"client_id\" is not a string");
  EXPECT_EQ(ErrorOf(R"({"type":"register","client_id":"a","metadata":[]})"),
            "field \"metadata\" is not an object");
  EXPECT_EQ(ErrorOf(R"({"type":"register","client_id":"a","metadata":{"hostname":{}}})"),
            "field \"metadata.hostname\" is not a string");
  EXPECT_EQ(ErrorOf(R"({"type":"register","client_id":"a","metadata":{"labels":{"a":1}}})"),
            "field \"metadata.labels\" is not a string");
  EXPECT_EQ(ErrorOf(R"({"type":"status_update","client_id":"a","status":"root"})"),
            "field \"status\" is not a known status");
  EXPECT_EQ(ErrorOf(R"({"type":"http_proxy_response","request_id":"r","status":"200"})"),
            "field \"status\" is not an integer");
  EXPECT_EQ(
      ErrorOf(R"({"type":"http_proxy_response","request_id":"r","status":200,"headers":[["a"]]})"),
      "field \"headers\" holds something other than [name, value]");
  EXPECT_EQ(ErrorOf(R"({"type":"command","command":"rm"})", Sender::kHubToAgent),
            "field \"command\" is not a known command");
}

TEST(MessageRefusalTest, RefusesHostileJson) {
  const std::string deep16 = std::string(15, '[') + std::string(15, ']');
  const std::string deep17 = std::string(16, '[') + std::string(16, ']');
  EXPECT_EQ(ErrorOf(R"({"type":"ping","x":)" + deep16 + "}"), "accepted");
  const std::string hostile[] = {
      "",
      "null",
      "[]",
      "\"text\"",
      "{",
      R"({"type":"ping"} )"
      "x",
      R"({"type":"ping"}{"type":"ping"})",
      R"({"type":"ping",})",
      R"({"type":'ping'})",
      R"({"type":"ping"/**/})",
      R"({"type":"ping","x":NaN})",
      R"({"type":"ping","x":01})",
      R"({"type":"ping","x":)" + deep17 + "}",
      R"({"type":"ping","x":)" + std::string(100'000, '[') + "}",
      "{\"type\":\"ping\",\"x\":\"\xFF\"}",
      "{\"type\":\"ping\",\"x\":\"\xED\xA0\x80\"}",
      "{\"type\":\"ping\",\"x\":\"\xC0\x80\"}",
      R"({"type":"ping","x":"\ud800"})",
      "{\"type\":\"ping\",\"x\":\"\n\"}",
      R"({"type":"ping","type":"register"})",
      R"({"type":"ping","client_id":"a","client_id":"b"})",
      R"({"type":"ping","client_id":"a","client\u005fid":"b"})",
      R"({"type":"ping","x":[{"y":{"a":1,"b":2,"a":3}}]})",
      R"({"type":"ping","x":{"a":1,"a":2},"x":3})",
  };
  for (const std::string& text : hostile) {
    EXPECT_THAT(Parse(text, Sender::kAgent), FailsWith(ErrorKind::kInvalid)) << text.substr(0, 99);
  }
}

TEST(MessageRefusalTest, BoundsTheValuesOfAMessageAndNotWhatItsTextsHold) {
  const auto ping = [](std::string_view x) {
    return fmt::format(R"({{"type":"ping","client_id":"a","x":{}}})", x);
  };
  const auto zeros = [](std::size_t count) {
    std::string array = "[0";
    for (std::size_t i = 1; i < count; ++i) array += ",0";
    return array + "]";
  };
  // Besides: the object, three keys, two texts and the array.
  EXPECT_THAT(Parse(ping(zeros(kMaxValues - 7)), Sender::kAgent), IsOk());
  EXPECT_THAT(Parse(ping(zeros(kMaxValues - 6)), Sender::kAgent), FailsWith(ErrorKind::kTooLarge));
  // Also where it is no JSON in the end.
  EXPECT_THAT(Parse(zeros(kMaxValues) + "\"", Sender::kAgent), FailsWith(ErrorKind::kTooLarge));
  std::string text;
  while (text.size() < 4 * kMaxValues) text += R"([{\"a\":1,\\)";
  EXPECT_THAT(Parse(ping('"' + text + '"'), Sender::kAgent), IsOk());
}

TEST(MessageRefusalTest, BoundsTheMembersOfEachObject) {
  const auto ping = [](std::size_t members) {
    std::string text = R"({"type":"ping","client_id":"a","x":{"k0":0)";
    for (std::size_t i = 1; i < members; ++i) text += fmt::format(",\"k{}\":0", i);
    return text + "}}";
  };
  EXPECT_EQ(ErrorOf(ping(kMaxMembers)), "accepted");
  EXPECT_THAT(Parse(ping(kMaxMembers + 1), Sender::kAgent), FailsWith(ErrorKind::kTooLarge));
  EXPECT_EQ(ErrorOf(ping(kMaxMembers + 1)), "an object in the message has more than 256 members");
}

TEST(MessageRefusalTest, BoundsTheMessageAndWhatIsKeptOfIt) {
  const std::string head = R"({"type":"ping","x":")";
  std::string fits = head + std::string(kMaxMessage - head.size() - 2, 'x') + "\"}";
  EXPECT_THAT(Parse(fits, Sender::kAgent), IsOk());
  EXPECT_THAT(Parse(fits + " ", Sender::kAgent), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(Parse(fits, Sender::kAgent, 1000), FailsWith(ErrorKind::kTooLarge));
  EXPECT_EQ(ErrorOf(R"({"type":"register","client_id":")" + std::string(257, 'a') + R"("})"),
            "field \"client_id\" is too long");
  for (const std::string name : {"version", "adapter"}) {
    const std::string update =
        R"({"type":"status_update","client_id":"a","status":"idle",")" + name + "\":";
    EXPECT_EQ(ErrorOf(update + '"' + std::string(256, 'a') + "\"}"), "accepted");
    EXPECT_EQ(ErrorOf(update + '"' + std::string(257, 'a') + "\"}"),
              "field \"" + name + "\" is too long");
    EXPECT_EQ(ErrorOf(update + "1}"), "field \"" + name + "\" is not a string");
  }
  std::string labels;
  for (int i = 0; i < 65; ++i) labels += fmt::format("{}\"l{}\":\"\"", i > 0 ? "," : "", i);
  EXPECT_EQ(
      ErrorOf(R"({"type":"register","client_id":"a","metadata":{"labels":{)" + labels + "}}}"),
      "field \"metadata.labels\" has too many entries");
  EXPECT_EQ(ErrorOf(R"({"type":"register","client_id":"a","metadata":{"labels":{")" +
                    std::string(257, 'l') + R"(":""}}})"),
            "field \"metadata.labels\" has a name that is too long");
}

TEST(MessageRefusalTest, BoundsQuestionsAndAnswers) {
  const auto with = [](const std::string& question) {
    return R"({"type":"status_update","client_id":"a","status":"busy","sessions":[{"id":"s","question":)" +
           question + "}]}";
  };
  EXPECT_EQ(ErrorOf(with(R"({"id":"q"})")), "accepted");
  EXPECT_EQ(ErrorOf(with(R"({"id":"q","text":")" + std::string(kMaxQuestion + 1, 'x') + "\"}")),
            "field \"sessions.question.text\" is too long");
  EXPECT_EQ(ErrorOf(with(R"({"id":"q","kind":"order"})")),
            "field \"sessions.question.kind\" is not a known value");
  EXPECT_EQ(ErrorOf(R"({"type":"status_update","client_id":"a","status":"busy","state":"asleep"})"),
            "field \"state\" is not a known value");
  EXPECT_EQ(ErrorOf(R"({"type":"answer_result","request_id":"r","outcome":1})"),
            "field \"outcome\" is not a known value");
  const std::string answer =
      R"({"type":"answer","request_id":"r","session_id":"s","question_id":"q","allow":)";
  EXPECT_EQ(ErrorOf(answer + "1}", Sender::kHubToAgent), "field \"allow\" is not true or false");
  EXPECT_EQ(ErrorOf(answer + R"(true,"answers":{"a":["b"]}})", Sender::kHubToAgent),
            "field \"answers\" is not a string");
  EXPECT_EQ(ErrorOf(answer + "true}", Sender::kHubToAgent), "field \"assertion\" is missing");
  // The worst case of what one update may hold, escaped six times as long, is still a message.
  StatusUpdate update{.client_id = "a"};
  for (std::size_t i = 0; i < kMaxQuestions / kMaxQuestion; ++i) {
    update.sessions.push_back(
        {.id = "s", .question = Question{.id = "q", .text = std::string(kMaxQuestion, '\x01')}});
  }
  EXPECT_THAT(Parse(Serialise(update), Sender::kAgent), IsOk());
}

}  // namespace
}  // namespace berth::control
