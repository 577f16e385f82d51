#include "control/json_reader.h"

#include "base/check.h"
#include "base/json_scan.h"

namespace berth::control {
namespace {

// Calls `visit` with the name, in quotes, and the text of the value of each member of the object
// `text`, which need not be valid.
template <class Visit>
void VisitMembers(std::string_view text, Visit visit) {
  JsonScanner scanner(text);
  scanner.SkipSpace();
  scanner.Skip();  // The brace.
  for (;;) {
    scanner.SkipSpace();
    if (scanner.AtEnd() || scanner.Peek() == '}') return;
    if (scanner.Peek() == ',') {
      scanner.Skip();
      continue;
    }
    const std::string_view name = scanner.TakeString();
    scanner.SkipSpace();
    scanner.Skip();  // The colon.
    visit(name, scanner.TakeValue());
  }
}

// What is between the quotes; "" if there are none, or an escape between them.
std::string_view Unquoted(std::string_view text) {
  const bool is_plain =
      text.size() >= 2 && text.front() == '"' && text.back() == '"' && text.find('\\') == text.npos;
  return is_plain ? text.substr(1, text.size() - 2) : std::string_view();
}

// The members of the parsed value, where a repeated key counts once. Depth: at most kMaxDepth.
std::size_t CountMembers(const boost::json::value& value) {
  std::size_t count = 0;
  if (const boost::json::object* object = value.if_object()) {
    for (const auto& member : *object) count += 1 + CountMembers(member.value());
  } else if (const boost::json::array* array = value.if_array()) {
    for (const auto& entry : *array) count += CountMembers(entry);
  }
  return count;
}

}  // namespace

Result<JsonDocument> ParseDocument(std::string_view text) {
  const JsonCounts counts = CountJson(text, kMaxValues);
  if (counts.values > kMaxValues) return TooLarge("the message holds too many values");
  if (counts.widest > kMaxMembers) {
    return TooLarge(fmt::format("an object in the message has more than {} members", kMaxMembers));
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::error_code failure;
  JsonDocument document{.root = boost::json::parse(text, failure, {}, options), .members = {}};
  if (failure) return Invalid(fmt::format("not acceptable JSON: {}", failure.message()));
  if (!document.root.is_object()) return Invalid("the message is not a JSON object");
  // The parser silently keeps the last of two equal keys, and two readers may then read two
  // different messages.
  if (counts.members != CountMembers(document.root)) return Invalid("a JSON key appears twice");
  VisitMembers(text, [&document](std::string_view, std::string_view value) {
    document.members.push_back(value);
  });
  return document;
}

std::string_view PlainMember(std::string_view text, std::string_view name) {
  std::string_view found;
  VisitMembers(text, [&](std::string_view quoted, std::string_view value) {
    const bool is_it = found.empty() && Unquoted(quoted) == name;
    if (is_it) found = Unquoted(value);
  });
  return found;
}

void JsonReader::Refuse(std::string_view name, std::string_view what) {
  error_ = Invalid(fmt::format("field \"{}{}\" {}", path_, name, what));
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, std::string& out) {
  const boost::json::string* text = value.if_string();
  if (text == nullptr) return Refuse(name, "is not a string");
  if (text->size() > bound_) return Refuse(name, "is too long");
  out.assign(text->data(), text->size());
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, bool& out) {
  const bool* flag = value.if_bool();
  if (flag == nullptr) return Refuse(name, "is not true or false");
  out = *flag;
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, std::int64_t& out) {
  const std::int64_t* number = value.if_int64();
  if (number == nullptr) return Refuse(name, "is not an integer");
  out = *number;
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, Status& out) {
  for (Status status : {Status::kIdle, Status::kActive, Status::kBusy, Status::kDisconnected}) {
    if (value.is_string() && std::string_view(value.get_string()) == ToString(status)) {
      out = status;
      return;
    }
  }
  Refuse(name, "is not a known status");
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, Command::Kind& out) {
  const boost::json::string* text = value.if_string();
  if (text != nullptr && *text == "disconnect") {
    out = Command::Kind::kDisconnect;
  } else if (text != nullptr && *text == "refresh_status") {
    out = Command::Kind::kRefreshStatus;
  } else {
    Refuse(name, "is not a known command");
  }
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, Role& out) {
  for (Role role : {Role::kOwner, Role::kOperator, Role::kViewer}) {
    if (value.is_string() && std::string_view(value.get_string()) == ToString(role)) {
      out = role;
      return;
    }
  }
  Refuse(name, "is not a known role");
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, WallTime& out) {
  const boost::json::string* text = value.if_string();
  const std::optional<WallTime> time =
      text == nullptr ? std::nullopt : ParseIso8601(std::string_view(*text));
  if (!time) return Refuse(name, "is not a time");
  out = *time;
}

void JsonReader::Read(std::string_view name, const boost::json::value& value, Headers& out) {
  const boost::json::array* pairs = value.if_array();
  if (pairs == nullptr) return Refuse(name, "is not an array");
  for (const boost::json::value& entry : *pairs) {
    const boost::json::array* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
        !(*pair)[1].is_string()) {
      return Refuse(name, "holds something other than [name, value]");
    }
    out.emplace_back(std::string_view((*pair)[0].get_string()),
                     std::string_view((*pair)[1].get_string()));
  }
}

void JsonReader::Read(std::string_view name, const boost::json::value&, Json& out) {
  CHECK(document_ != nullptr);
  const auto place = object_.find(name);
  const auto index = static_cast<std::size_t>(place - object_.begin());
  CHECK(index < document_->members.size());
  out.text = document_->members[index];
}

void JsonReader::Read(std::string_view name, const boost::json::value& value,
                      std::map<std::string, std::string>& out) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return Refuse(name, "is not an object");
  if (object->size() > kMaxEntries) return Refuse(name, "has too many entries");
  for (const auto& member : *object) {
    const std::string_view key(member.key());
    if (key.size() > bound_) return Refuse(name, "has a name that is too long");
    Read(name, member.value(), out[std::string(key)]);
    if (error_) return;
  }
}

}  // namespace berth::control
