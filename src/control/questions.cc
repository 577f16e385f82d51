#include "control/questions.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::control {

void CutText(Question& question, std::size_t size) {
  std::string& text = question.text;
  if (text.size() <= size) return;
  const std::string mark = fmt::format("… ({} bytes in all)", text.size());
  std::size_t end = size - std::min(size, mark.size());
  // Between characters.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
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
