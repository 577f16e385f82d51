#include "control/questions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace berth::control {

void CutText(Question& question, std::size_t size) {
  std::string& text = question.text;
  if (text.size() <= size) return;
  const std::string mark = fmt::format("… ({} bytes in all)", text.size());
  text.resize(CutUtf8(text, size - std::min(size, mark.size())).size());
  text += mark;
  question.is_cut = true;
}

void CutTexts(std::vector<SessionInfo>& sessions) {
  std::size_t left = kMaxQuestions;
  for (SessionInfo& session : sessions) {
    if (!session.question) continue;
    CutText(*session.question, std::max(left, kLateQuestion));
    left -= std::min(left, session.question->text.size());
  }
}

}  // namespace berth::control
