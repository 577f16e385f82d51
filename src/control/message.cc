#include "control/message.h"

#include "base/check.h"
#include "control/json_reader.h"
#include "control/json_writer.h"

namespace berth::control {
namespace {

// Reads the message as the alternative of `Message` at `Index` or one behind it.
template <std::size_t Index = 1>
Result<Message> ReadAs(std::string_view type, Sender from, const JsonDocument& document,
                       MetadataReading metadata) {
  if constexpr (Index < std::variant_size_v<Message>) {
    using T = std::variant_alternative_t<Index, Message>;
    if (type != T::kType) return ReadAs<Index + 1>(type, from, document, metadata);
    if (!MaySend(T::kSenders, from)) {
      return Forbidden(fmt::format("type \"{}\" is not accepted here", type));
    }
    T message;
    JsonReader reader(document.root.get_object(), &document, "", metadata);
    Fields(reader, message);
    if (reader.error()) return *reader.error();
    return message;
  } else {
    return Unknown{std::string(type.substr(0, kShortText))};
  }
}

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// The number in `text`, all digits; nothing otherwise.

}  // namespace

Result<Message> Parse(std::string_view text, Sender from, std::size_t max_size,
                      MetadataReading metadata) {
  if (text.size() > max_size) return TooLarge("control message beyond its limit");
  auto document = ParseDocument(text);
  if (!document) return std::move(document).error();
  const boost::json::value* type = document->root.get_object().if_contains("type");
  if (type == nullptr || !type->is_string()) return Invalid("field \"type\" is not a string");
  return ReadAs(std::string_view(type->get_string()), from, *document, metadata);
}

std::string Serialise(const Message& message) {
  std::string out;
  std::visit(
      [&out]<class T>(const T& m) {
        if constexpr (std::is_same_v<T, Unknown>) {
          CHECK(false && "an unknown message has no text");
        } else {
          JsonWriter writer(out);
          writer("type", std::string(T::kType), kRequired);
          Fields(writer, m);
          writer.Finish();
        }
      },
      message);
  return out;
}

std::string Serialise(const Client& client) {
  std::string out;
  JsonWriter writer(out);
  Fields(writer, client);
  writer.Finish();
  return out;
}

std::string_view ToString(Status status) {
  switch (status) {
    case Status::kIdle:
      return "idle";
    case Status::kActive:
      return "active";
    case Status::kBusy:
      return "busy";
    case Status::kDisconnected:
      return "disconnected";
  }
  return "";
}

std::string_view ToString(State state) {
  switch (state) {
    case State::kIdle:
      return "idle";
    case State::kActive:
      return "active";
    case State::kError:
      return "error";
    case State::kBusy:
      return "busy";
    case State::kNeedsYou:
      return "needs_you";
    case State::kOffline:
      return "offline";
  }
  return "";
}

std::string_view ToString(SessionState state) {
  switch (state) {
    case SessionState::kBusy:
      return "busy";
    case SessionState::kNeedsYou:
      return "needs_you";
    case SessionState::kError:
      return "error";
  }
  return "";
}

std::string_view ToString(Question::Kind kind) {
  return kind == Question::Kind::kPermission ? "permission" : "question";
}

std::string_view ToString(AnswerResult::Outcome outcome) {
  switch (outcome) {
    case AnswerResult::Outcome::kSent:
      return "sent";
    case AnswerResult::Outcome::kGone:
      return "gone";
    case AnswerResult::Outcome::kFailed:
      return "failed";
    case AnswerResult::Outcome::kUnconfirmed:
      return "unconfirmed";
  }
  return "";
}

bool IsValidInstanceId(std::string_view id) {
  return !id.empty() && id.size() <= 128 && id[0] != '.' && std::ranges::all_of(id, IsIdCharacter);
}

}  // namespace berth::control
