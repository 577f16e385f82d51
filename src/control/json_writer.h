// Writing the fields of control messages as JSON. Private to control/.
#pragma once

#include <boost/json.hpp>

#include "control/assertion.h"
#include "control/message_fields.h"
#include "http/utf8.h"

namespace berth::control {

/// Visits the fields of one object and appends them to `out`, braces included.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) { out_ += '{'; }
  void Finish() { out_ += '}'; }

  template <class T>
  void operator()(std::string_view name, const T& value, Need need, std::size_t bound = SIZE_MAX) {
    if (need == kOptional && value == T{}) return;
    if (!is_first_) out_ += ',';
    is_first_ = false;
    WriteText(name);
    out_ += ':';
    bound_ = bound;
    Write(value);
  }

 private:
  void WriteText(std::string_view text) {
    out_ += boost::json::serialize(boost::json::string_view(text));
  }
  /// At most bound_ bytes of it, as UTF-8.
  void Write(const std::string& text) {
    std::string valid = http::ToUtf8(text);
    if (valid.size() > bound_) {
      valid.resize(bound_);
      while (!http::IsUtf8(valid)) valid.pop_back();
    }
    WriteText(valid);
  }
  void Write(bool value) { out_ += value ? "true" : "false"; }
  void Write(std::int64_t value) { out_ += std::to_string(value); }
  void Write(Status value) { WriteText(ToString(value)); }
  void Write(Command::Kind value) {
    WriteText(value == Command::Kind::kDisconnect ? "disconnect" : "refresh_status");
  }
  void Write(Role value) { WriteText(ToString(value)); }
  template <class E>
    requires requires(E value) { AllOf(value); }
  void Write(E value) {
    WriteText(ToString(value));
  }
  void Write(WallTime value) { WriteText(FormatIso8601(value)); }
  void Write(const Json& value) { out_ += value.text; }

  void Write(const std::pair<std::string, std::string>& header) {
    out_ += '[';
    Write(header.first);
    out_ += ',';
    Write(header.second);
    out_ += ']';
  }

  void Write(const std::map<std::string, std::string>& value) {
    std::size_t written = 0;
    out_ += '{';
    for (const auto& [key, text] : value) {
      // A key is never cut: two of them could become equal.
      if (key.size() > bound_ || !http::IsUtf8(key)) continue;
      if (written == kMaxEntries) break;
      if (written++ > 0) out_ += ',';
      WriteText(key);
      out_ += ':';
      Write(text);
    }
    out_ += '}';
  }

  template <class T>
  void Write(const std::optional<T>& value) {
    Write(*value);  // An empty one is optional and equals its default: never written.
  }

  template <class T>
  void Write(const std::vector<T>& values) {
    const std::size_t count = std::min(values.size(), bound_);
    out_ += '[';
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      Write(values[i]);
    }
    out_ += ']';
  }

  template <class T>
    requires std::is_class_v<T>
  void Write(const T& value) {
    JsonWriter writer(out_);
    Fields(writer, value);
    writer.Finish();
  }

  std::string& out_;
  bool is_first_ = true;
  std::size_t bound_ = SIZE_MAX;
};

}  // namespace berth::control
