#include "control/questions.h"

#include <gmock/gmock.h>

#include "http/utf8.h"

namespace berth::control {
namespace {

std::vector<SessionInfo> Asking(int count, std::size_t size) {
  std::vector<SessionInfo> sessions;
  for (int i = 0; i < count; ++i) {
    sessions.push_back({.id = fmt::format("s{}", i),
                        .question = Question{.id = "q", .text = std::string(size, 'x')}});
    sessions.push_back({.id = "asks nothing"});
  }
  return sessions;
}

TEST(QuestionsTest, WhatIsWithinTheBoundStaysAsItIs) {
  auto sessions = Asking(8, kMaxQuestion);
  const auto before = sessions;
  CutTexts(sessions);
  EXPECT_EQ(sessions, before);
}

TEST(QuestionsTest, TheLaterOnesAreCutAndSaySo) {
  auto sessions = Asking(32, kMaxQuestion);
  CutTexts(sessions);
  EXPECT_FALSE(sessions[0].question->is_cut);
  EXPECT_FALSE(sessions[14].question->is_cut);
  EXPECT_TRUE(sessions[16].question->is_cut);
  EXPECT_EQ(sessions[16].question->text.size(), kLateQuestion);
  EXPECT_THAT(sessions[62].question->text, ::testing::EndsWith("… (16384 bytes in all)"));
  const auto once = sessions;
  CutTexts(sessions);
  EXPECT_EQ(sessions, once) << "whoever is told takes it as it is";
}

TEST(QuestionsTest, CutsBetweenCharacters) {
  for (std::size_t size = 30; size < 40; ++size) {
    Question question{.id = "q"};
    while (question.text.size() < 300) question.text += "☂";
    CutText(question, size);
    EXPECT_TRUE(http::IsUtf8(question.text)) << size;
    EXPECT_LE(question.text.size(), size);
  }
}

}  // namespace
}  // namespace berth::control
