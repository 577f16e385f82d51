// Strict JSON, and reading the fields of control messages from it. Private to control/.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "control/assertion.h"
#include "control/message_fields.h"

namespace berth::control {

/// A parsed document; keeps its text, because Json fields are taken from it as they came.
struct JsonDocument {
  boost::json::value root;
  /// The text of the value of each member of the root object, in the order of the object.
  std::vector<std::string_view> members;
};

/// Parses `text`: one object, valid UTF-8, no key twice in any object, at most kMaxDepth deep, with
/// at most kMaxValues keys and values and kMaxMembers in one object (kTooLarge). `text` must
/// outlive the document.
Result<JsonDocument> ParseDocument(std::string_view text);

/// The member `name` of the object `text`, which may be one that ParseDocument refuses: what can be
/// found of it. "" unless it is a string without escapes. Points into `text`.
std::string_view PlainMember(std::string_view text, std::string_view name);

/// Visits the fields of one object; the first failure is kept and ends the reading.
class JsonReader {
 public:
  /// `document` for the root object, null for others: these have no Json fields.
  JsonReader(const boost::json::object& object, const JsonDocument* document, std::string path,
             MetadataReading metadata = MetadataReading::kStrict)
      : object_(object), document_(document), path_(std::move(path)), metadata_(metadata) {}

  /// kInvalid names the field that is missing, of the wrong type or too long.
  const std::optional<Error>& error() const { return error_; }

  template <class T>
  void operator()(std::string_view name, T& out, Need need, std::size_t bound = SIZE_MAX) {
    if (error_) return;
    const boost::json::value* value = object_.if_contains(name);
    if (value == nullptr || (need != kRequired && value->is_null())) {
      if (need == kRequired) Refuse(name, "is missing");
      return;
    }
    bound_ = bound;
    Read(name, *value, out);
    if (error_ && is_lenient_) {
      error_.reset();
      out = {};
    }
  }

 private:
  void Refuse(std::string_view name, std::string_view what);
  void Read(std::string_view name, const boost::json::value& value, std::string& out);
  void Read(std::string_view name, const boost::json::value& value, bool& out);
  void Read(std::string_view name, const boost::json::value& value, std::int64_t& out);
  void Read(std::string_view name, const boost::json::value& value, Status& out);
  void Read(std::string_view name, const boost::json::value& value, Command::Kind& out);
  void Read(std::string_view name, const boost::json::value& value, Role& out);
  /// An enumeration whose every value has a name.
  template <class E>
    requires requires(E value) { AllOf(value); }
  void Read(std::string_view name, const boost::json::value& value, E& out) {
    for (E known : AllOf(out)) {
      if (!value.is_string() || std::string_view(value.get_string()) != ToString(known)) continue;
      out = known;
      return;
    }
    Refuse(name, "is not a known value");
  }
  void Read(std::string_view name, const boost::json::value& value, WallTime& out);
  void Read(std::string_view name, const boost::json::value& value, Headers& out);
  void Read(std::string_view name, const boost::json::value& value, Json& out);
  void Read(std::string_view name, const boost::json::value& value,
            std::map<std::string, std::string>& out);

  template <class T>
  void Read(std::string_view name, const boost::json::value& value, std::optional<T>& out) {
    Read(name, value, out.emplace());
  }

  template <class T>
  void Read(std::string_view name, const boost::json::value& value, std::vector<T>& out) {
    const boost::json::array* array = value.if_array();
    if (array == nullptr) return Refuse(name, "is not an array");
    if (array->size() > bound_) return Refuse(name, "is too long");
    for (const boost::json::value& entry : *array) {
      Read(name, entry, out.emplace_back());
      if (error_) return;
    }
  }

  /// A structure with a field list of its own.
  template <class T>
    requires std::is_class_v<T>
  void Read(std::string_view name, const boost::json::value& value, T& out) {
    const boost::json::object* object = value.if_object();
    if (object == nullptr) return Refuse(name, "is not an object");
    JsonReader reader(*object, nullptr, fmt::format("{}{}.", path_, name), metadata_);
    reader.is_lenient_ = std::same_as<T, Metadata> && metadata_ == MetadataReading::kLenient;
    Fields(reader, out);
    error_ = reader.error_;
  }

  const boost::json::object& object_;
  const JsonDocument* document_;
  const std::string path_;
  const MetadataReading metadata_;
  bool is_lenient_ = false;  // What is wrong is left out.
  std::size_t bound_ = SIZE_MAX;
  std::optional<Error> error_;
};

}  // namespace berth::control
