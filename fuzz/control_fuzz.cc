// Control messages. What is accepted is written so that it reads back as the same message, and
// nothing is accepted from a sender that may not send it.
//
// Input: one byte that picks the sender, then the text.
#include <cstdlib>

#include "control/message.h"
#include "control/v1_proxy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::control::Sender;
  if (size < 1) return 0;
  constexpr Sender kSenders[] = {Sender::kAgent, Sender::kHubToAgent, Sender::kBrowser,
                                 Sender::kHubToBrowser};
  const Sender sender = kSenders[data[0] % 4];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto message = berth::control::Parse(text, sender);
  if (!message) {
    berth::control::PartsOfRefused(text);
    berth::control::WithWholeCharacters(text);
  }
  if (!message || std::holds_alternative<berth::control::Unknown>(*message)) return 0;
  const bool may_send = std::visit(
      [sender]<class T>(const T&) {
        if constexpr (std::is_same_v<T, berth::control::Unknown>) {
          return true;
        } else {
          return berth::control::MaySend(T::kSenders, sender);
        }
      },
      *message);
  if (!may_send) std::abort();
  const std::string written = berth::control::Serialise(*message);
  auto again = berth::control::Parse(written, sender);
  if (!again || *again != *message) std::abort();
  return 0;
}
