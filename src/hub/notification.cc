#include "hub/notification.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "http/query.h"

namespace berth::hub {
namespace {

constexpr std::array kEvents = {NotifyEvent::kNeedsYou, NotifyEvent::kFinished,
                                NotifyEvent::kFailed, NotifyEvent::kOffline};
constexpr int kDay = 24 * 60;

/// Two digits.
std::optional<int> ReadTwo(std::string_view text) {
  return text.size() == 2 ? ParseNumber<int>(text) : std::nullopt;
}

/// The minutes of "HH:MM".
std::optional<int> ReadMinutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hours = ReadTwo(text.substr(0, 2));
  const auto minutes = ReadTwo(text.substr(3));
  if (!hours || !minutes || *hours > 23 || *minutes > 59 || *hours < 0 || *minutes < 0) {
    return std::nullopt;
  }
  return *hours * 60 + *minutes;
}

std::string MinutesText(int minutes) {
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

}  // namespace

std::string_view ToString(NotifyEvent event) {
  switch (event) {
    case NotifyEvent::kNeedsYou:
      return "needs_you";
    case NotifyEvent::kFinished:
      return "finished";
    case NotifyEvent::kFailed:
      return "failed";
    case NotifyEvent::kOffline:
      return "offline";
  }
  return "";
}

std::optional<NotifyEvent> ParseNotifyEvent(std::string_view name) {
  for (const NotifyEvent event : kEvents) {
    if (ToString(event) == name) return event;
  }
  return std::nullopt;
}

std::string ToJson(const Notification& notification) {
  boost::json::object json;
  json["event"] = notification.event;
  json["title"] = notification.title;
  json["body"] = notification.body;
  json["url"] = notification.url;
  json["tag"] = notification.tag;
  json["client_id"] = notification.client_id;
  json["session_id"] = notification.session_id;
  if (!notification.question_id.empty()) {
    boost::json::object question;
    question["id"] = notification.question_id;
    question["kind"] = notification.question_kind;
    question["tool"] = notification.question_tool;
    json["question"] = std::move(question);
  }
  json["at"] = FormatIso8601(notification.at);
  return boost::json::serialize(json);
}

Result<Notification> ParseNotification(std::string_view json) {
  const auto object = ParseJsonObject(json);
  if (!object) return Invalid("not a notification");
  Notification notification;
  notification.event = StringMember(*object, "event");
  notification.title = StringMember(*object, "title");
  notification.body = StringMember(*object, "body");
  notification.url = StringMember(*object, "url");
  notification.tag = StringMember(*object, "tag");
  notification.client_id = StringMember(*object, "client_id");
  notification.session_id = StringMember(*object, "session_id");
  if (const auto* question = ObjectMember(*object, "question")) {
    notification.question_id = StringMember(*question, "id");
    notification.question_kind = StringMember(*question, "kind");
    notification.question_tool = StringMember(*question, "tool");
  }
  const auto at = ParseIso8601(StringMember(*object, "at"));
  if (!at || notification.event.empty()) return Invalid("not a notification");
  notification.at = *at;
  return notification;
}

std::string CutText(std::string_view text, std::size_t limit) {
  constexpr std::string_view kMark = "…";
  const bool is_cut = text.size() > limit;
  if (is_cut) text = CutUtf8(text, limit - std::min(limit, kMark.size()));
  std::string cut(text);
  for (char& c : cut) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) c = ' ';
  }
  if (is_cut && limit >= kMark.size()) cut += kMark;
  return cut;
}

std::string DeepLink(std::string_view public_url, std::string_view client_id,
                     std::string_view session_id) {
  std::string link = fmt::format("{}/open?client={}", public_url, http::EscapeQuery(client_id));
  if (!session_id.empty()) {
    // Escaped twice: as a segment of the instance's path, and as a value of this query.
    std::string segment = http::EscapeQuery(session_id);
    for (std::size_t at = 0; (at = segment.find('/', at)) != std::string::npos;) {
      segment.replace(at, 1, "%2F");
    }
    link += "&next=" + http::EscapeQuery("/session/" + segment);
  }
  return link;
}

WallTime EndOfQuiet(const std::optional<store::QuietHours>& quiet, WallTime now) {
  using std::chrono::minutes;
  if (!quiet || quiet->from == quiet->to) return now;
  const auto local = std::chrono::floor<minutes>(now) + minutes(quiet->utc_offset);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const int minute = static_cast<int>((local - day).count());
  // Counted from the beginning of the hours, midnight is nothing special.
  const int since = (minute - quiet->from + kDay) % kDay;
  const int length = (quiet->to - quiet->from + kDay) % kDay;
  if (since >= length) return now;
  return std::chrono::floor<minutes>(now) + minutes(length - since);
}

Result<store::QuietHours> ParseQuietHours(std::string_view hours, std::string_view utc_offset) {
  store::QuietHours quiet;
  const auto from = ReadMinutes(hours.substr(0, std::min<std::size_t>(5, hours.size())));
  const bool has_both = hours.size() == 11 && hours[5] == '-';
  const auto to = has_both ? ReadMinutes(hours.substr(6)) : std::nullopt;
  if (!from || !to || *from == *to) {
    return Invalid(fmt::format("quiet_hours \"{}\": write 22:00-07:00", ForLog(hours)));
  }
  quiet.from = *from;
  quiet.to = *to;
  if (utc_offset.empty()) return quiet;
  const bool is_east = utc_offset[0] == '+';
  const auto offset = ReadMinutes(utc_offset.substr(1));
  if ((!is_east && utc_offset[0] != '-') || !offset || *offset > 14 * 60) {
    return Invalid(fmt::format("utc_offset \"{}\": write +02:00", ForLog(utc_offset)));
  }
  quiet.utc_offset = is_east ? *offset : -*offset;
  return quiet;
}

std::string HoursText(const store::QuietHours& quiet) {
  return fmt::format("{}-{}", MinutesText(quiet.from), MinutesText(quiet.to));
}

std::string OffsetText(const store::QuietHours& quiet) {
  return fmt::format("{}{}", quiet.utc_offset < 0 ? '-' : '+',
                     MinutesText(std::abs(quiet.utc_offset)));
}

}  // namespace berth::hub
