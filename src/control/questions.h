// Bounds of what sessions ask, so that an instance with many questions is still told in one message
// of a size that is known.
#pragma once

#include <cstddef>
#include <vector>

#include "control/values.h"

namespace berth::control {

/// Most bytes of a Question's text, and of all of them in one StatusUpdate: even escaped, the
/// message stays below kMaxMessage. A text that comes after kMaxQuestions is cut to kLateQuestion.
inline constexpr std::size_t kMaxQuestion = 16 * 1024;
inline constexpr std::size_t kMaxQuestions = 128 * 1024;
inline constexpr std::size_t kLateQuestion = 200;

/// Leaves out what is beyond `size` bytes of the text, with a mark that says so.
void CutText(Question& question, std::size_t size);

/// Cuts what the sessions ask to kMaxQuestions, the later ones first. What is within that stays as
/// it is.
void CutTexts(std::vector<SessionInfo>& sessions);

}  // namespace berth::control
