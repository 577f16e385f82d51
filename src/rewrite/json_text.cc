#include "rewrite/json_text.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/json.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

namespace json = boost::json;

constexpr std::size_t kDeepest = 16;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

/// Whether no number in it is beyond the range of a double: such a one would be read as infinity.
bool IsFinite(const json::value& value) {
  if (const auto* object = value.if_object()) {
    return std::ranges::all_of(*object, [](const auto& entry) { return IsFinite(entry.value()); });
  }
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, IsFinite);
  return !value.is_double() || std::isfinite(value.get_double());
}

std::optional<json::object> ParseObject(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  auto value = ParseJson(text, kDeepest);
  if (!value || !value->is_object() || !IsFinite(*value)) return std::nullopt;
  return std::move(value->get_object());
}

bool FixValue(json::value& value, std::string_view prefix) {
  if (!value.is_string()) return false;
  const std::string_view old = View(value.get_string());
  std::string fixed = FixReference(old, prefix);
  if (fixed == old) return false;
  value = json::string(fixed);
  return true;
}

bool FixMember(json::object& object, std::string_view name, std::string_view prefix) {
  json::value* member = object.if_contains({name.data(), name.size()});
  return member != nullptr && FixValue(*member, prefix);
}

/// Fixes the manifest's "id". Browsers resolve it against the origin of "start_url", whatever the
/// path: two instances that share an origin would be one app.
bool FixId(json::object& manifest, std::string_view prefix) {
  json::value* id = manifest.if_contains("id");
  if (id == nullptr || !id->is_string()) return false;
  const std::string_view text = View(id->get_string());
  // "" counts as absent; a colon before a slash is that of a scheme.
  const std::size_t end = text.find_first_of(":/?#\\");
  const bool is_bare = !text.empty() && text.front() != '/' && text.front() != '\\' &&
                       (end == std::string_view::npos || text[end] != ':');
  if (is_bare) *id = json::string(std::string("/").append(text));
  return FixValue(*id, prefix);
}

/// Fixes `member` in every object of the array `list`.
bool FixEach(json::object& object, std::string_view list, std::string_view member,
             std::string_view prefix) {
  json::value* array = object.if_contains({list.data(), list.size()});
  if (array == nullptr || !array->is_array()) return false;
  bool changed = false;
  for (auto& entry : array->get_array()) {
    if (entry.is_object()) changed |= FixMember(entry.get_object(), member, prefix);
  }
  return changed;
}

/// The addresses of one specifier map under the prefix. A specifier "/x" also gets its name under
/// the prefix, because that is how a relative import of the same module now reads.
json::object FixSpecifiers(const json::object& map, std::string_view prefix) {
  json::object fixed;
  for (const auto& [key, value] : map) {
    json::value address = value;
    FixValue(address, prefix);
    fixed.insert_or_assign(key, address);
    const std::string under = FixReference({key.data(), key.size()}, prefix);
    if (!map.contains(under)) fixed.insert_or_assign(under, address);
  }
  return fixed;
}

std::string Serialize(const json::object& object) { return json::serialize(object); }

}  // namespace

std::string ForScript(std::string_view text) {
  std::string safe;
  safe.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        // U+2028 and U+2029 end lines in JavaScript before ES2019.
        if (text.substr(i, 3) == "\xE2\x80\xA8" || text.substr(i, 3) == "\xE2\x80\xA9") {
          safe += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
          i += 2;
        } else {
          safe += text[i];
        }
    }
  }
  return safe;
}

std::string ImportMap(std::string_view prefix) {
  const std::string folder = std::string(prefix) + "/";
  // The second entry keeps what lies under the prefix where it is: the longest match wins.
  return Serialize({{"imports", {{"/", folder}, {folder, folder}}}});
}

std::optional<std::string> MergedImportMap(std::string_view own, std::string_view prefix) {
  auto map = ParseObject(own);
  if (!map) return std::nullopt;
  const std::string folder = std::string(prefix) + "/";
  json::object imports;
  if (const json::value* old = map->if_contains("imports")) {
    if (!old->is_object()) return std::nullopt;
    imports = FixSpecifiers(old->get_object(), prefix);
  }
  for (const std::string& key : {std::string("/"), folder}) {
    if (!imports.contains(key)) imports[key] = folder;
  }
  (*map)["imports"] = std::move(imports);
  if (const json::value* old = map->if_contains("scopes"); old != nullptr && old->is_object()) {
    json::object scopes;
    for (const auto& [key, value] : old->get_object()) {
      const std::string scope = FixReference({key.data(), key.size()}, prefix);
      scopes[scope] = value.is_object() ? FixSpecifiers(value.get_object(), prefix) : value;
    }
    (*map)["scopes"] = std::move(scopes);
  }
  if (const json::value* old = map->if_contains("integrity"); old != nullptr && old->is_object()) {
    json::object integrity;
    for (const auto& [key, value] : old->get_object()) {
      integrity[FixReference({key.data(), key.size()}, prefix)] = value;
    }
    (*map)["integrity"] = std::move(integrity);
  }
  return ForScript(Serialize(*map));
}

std::optional<std::string> FixManifest(std::string_view manifest, std::string_view prefix) {
  auto object = ParseObject(manifest);
  if (!object) return std::nullopt;
  bool changed = FixId(*object, prefix);
  for (const auto name : {"start_url", "scope"}) changed |= FixMember(*object, name, prefix);
  changed |= FixEach(*object, "icons", "src", prefix);
  changed |= FixEach(*object, "screenshots", "src", prefix);
  changed |= FixEach(*object, "shortcuts", "url", prefix);
  changed |= FixEach(*object, "file_handlers", "action", prefix);
  changed |= FixEach(*object, "protocol_handlers", "url", prefix);
  for (const auto list : {"shortcuts", "file_handlers"}) {
    json::value* entries = object->if_contains(list);
    if (entries == nullptr || !entries->is_array()) continue;
    for (auto& entry : entries->get_array()) {
      if (entry.is_object()) changed |= FixEach(entry.get_object(), "icons", "src", prefix);
    }
  }
  for (const auto& [member, name] : {std::pair{"share_target", "action"},
                                     {"serviceworker", "src"},
                                     {"note_taking", "new_note_url"}}) {
    json::value* target = object->if_contains(member);
    if (target != nullptr && target->is_object()) {
      changed |= FixMember(target->get_object(), name, prefix);
    }
  }
  if (!changed) return std::nullopt;
  return Serialize(*object);
}

void ManifestRewriter::Feed(std::string_view in, std::string& out) {
  if (is_too_long_) {
    out.append(in);
    return;
  }
  text_.append(in);
  if (text_.size() <= kLongestManifest) return;
  is_too_long_ = true;
  out.append(text_);
  text_ = {};
}

void ManifestRewriter::Finish(std::string& out) {
  auto fixed = FixManifest(text_, prefix_);
  out.append(fixed ? *fixed : text_);
  text_ = {};
}

}  // namespace berth::rewrite
