// JsonBody: the JSON object in the body of an API call, read member by member.
//
//     auto body = co_await JsonBody::Read(hub, call.request);
//     if (!body) co_return std::move(body).error();
//     const std::string name = body->String("name");
//     const auto ids = body->StringsOrNone("instance_ids");
//     auto checked = body->Finish();
//     if (!checked) co_return std::move(checked).error();
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

class JsonBody {
 public:
  /// Takes the body that is still to come into memory and drops the rest of what leads from the
  /// request to its connection: it may outlive that. kTooLarge beyond 64 KiB; kTimeout.
  static Task<Result<void>> Receive(HubContext& hub, http::Request& request);
  /// Reads the body. kInvalid: it is no JSON object; kTooLarge beyond 64 KiB; kTimeout.
  static Task<Result<JsonBody>> Read(HubContext& hub, http::Request& request);

  /// Whether the member is there; null counts.
  bool Has(std::string_view name) const { return object_.contains(name); }

  // Each reads one member; a wrong one is kept for Finish(), and the answer is then empty.
  // "...OrNone": the member may be absent or null.

  std::string String(std::string_view name);
  std::string StringOrNone(std::string_view name);
  /// A string, or an integer as its decimal digits.
  std::string IdOrNone(std::string_view name);
  std::vector<std::string> StringsOrNone(std::string_view name);
  /// An object of strings.
  std::map<std::string, std::string> StringMapOrNone(std::string_view name);
  bool Bool(std::string_view name);
  bool BoolOr(std::string_view name, bool otherwise);
  /// A whole number of seconds, 1 to ten years.
  std::optional<std::chrono::seconds> SecondsOrNone(std::string_view name);
  /// As FormatIso8601() writes it; milliseconds may be left out.
  std::optional<WallTime> TimeOrNone(std::string_view name);

  /// kInvalid: one of the members was wrong, or there is one that nobody asked for (a misspelt
  /// limit must not pass for none).
  Result<void> Finish() const;

 private:
  explicit JsonBody(boost::json::object object) : object_(std::move(object)) {}
  const boost::json::value* Find(std::string_view name);
  void Complain(std::string_view name, std::string_view what);

  boost::json::object object_;
  std::set<std::string, std::less<>> known_;
  std::string complaint_;
};

}  // namespace berth::hub
