// The API's description and its table of routes say the same.
#include "hub/openapi.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "hub/api.h"

namespace berth::hub {
namespace {

namespace json = boost::json;

const json::object& Description() {
  static const json::value parsed = json::parse(ApiDescription());
  return parsed.get_object();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

const json::object* FindOperation(std::string_view method, std::string_view path) {
  const auto* item = Description().at("paths").get_object().if_contains(path);
  const auto* operation = item ? item->get_object().if_contains(Lower(method)) : nullptr;
  return operation ? &operation->get_object() : nullptr;
}

/// What the description must say of who may call the route.
json::array SecurityOf(const Route& route) {
  json::array security;
  if (route.access != Access::kSession) return security;
  security.push_back({{"session", json::array()}});
  if (route.scope) {
    json::object token;
    token["token"] = json::array{json::value(identity::ToString(*route.scope))};
    security.push_back(std::move(token));
  }
  return security;
}

template <class Each>
void EachOperation(Each each) {
  for (const auto& [path, item] : Description().at("paths").get_object()) {
    for (const auto& [method, operation] : item.get_object()) {
      each(std::string_view(path), std::string_view(method), operation.get_object());
    }
  }
}

/// What a {"$ref": "#/..."} means; anything else means itself.
const json::value& Resolve(const json::value& value) {
  const auto* object = value.if_object();
  const auto* reference = object ? object->if_contains("$ref") : nullptr;
  if (reference == nullptr) return value;
  std::string_view path = reference->get_string();
  EXPECT_TRUE(path.starts_with("#/")) << path;
  const json::value* at = nullptr;
  for (path.remove_prefix(2); !path.empty();) {
    const std::string_view step = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(step.size() + 1, path.size()));
    const json::object& inside = at == nullptr ? Description() : at->get_object();
    at = inside.if_contains(step);
    if (at == nullptr) {
      ADD_FAILURE() << "nothing at " << reference->get_string();
      return value;
    }
  }
  return *at;
}

void ExpectResolved(const json::value& value) {
  if (const auto* object = value.if_object()) {
    if (object->contains("$ref")) Resolve(value);
    for (const auto& [name, member] : *object) ExpectResolved(member);
  } else if (const auto* list = value.if_array()) {
    for (const auto& entry : *list) ExpectResolved(entry);
  }
}

TEST(OpenApiTest, DescribesEveryRouteAndWhoMayCallIt) {
  for (const Route& route : ApiRoutes()) {
    SCOPED_TRACE(
        fmt::format("{} {}: describe it in src/hub/openapi.json", route.method, route.pattern));
    const auto* operation = FindOperation(route.method, route.pattern);
    ASSERT_NE(operation, nullptr);
    EXPECT_EQ(operation->at("security"), json::value(SecurityOf(route)));
  }
}

TEST(OpenApiTest, DescribesNothingElse) {
  EachOperation([](std::string_view path, std::string_view method, const json::object&) {
    if (path.starts_with("/auth/")) return;  // Served by the router.
    const bool is_route = std::ranges::any_of(ApiRoutes(), [&](const Route& route) {
      return route.pattern == path && Lower(route.method) == method;
    });
    EXPECT_TRUE(is_route) << method << " " << path;
  });
}

TEST(OpenApiTest, EveryOperationIsComplete) {
  std::set<std::string> ids;
  EachOperation([&](std::string_view path, std::string_view method, const json::object& operation) {
    SCOPED_TRACE(fmt::format("{} {}", method, path));
    EXPECT_FALSE(operation.at("summary").get_string().empty());
    EXPECT_TRUE(ids.insert(std::string(operation.at("operationId").get_string())).second);
    const auto& responses = operation.at("responses").get_object();
    EXPECT_TRUE(responses.contains("default"));
    bool has_success = false;
    for (const auto& [status, response] : responses) {
      const auto& meant = Resolve(response).get_object();
      if (status[0] == '2' || status[0] == '3') {
        has_success = true;
        continue;
      }
      EXPECT_TRUE(meant.at("content").get_object().contains("application/problem+json")) << status;
    }
    EXPECT_TRUE(has_success);
    std::string filled(path);
    if (const auto* parameters = operation.if_contains("parameters")) {
      for (const auto& entry : parameters->get_array()) {
        const auto& parameter = Resolve(entry).get_object();
        if (parameter.at("in") != "path") continue;
        const std::string hole = fmt::format("{{{}}}", parameter.at("name").get_string().c_str());
        const std::size_t place = filled.find(hole);
        ASSERT_NE(place, std::string::npos) << hole;
        filled.replace(place, hole.size(), "x");
      }
    }
    EXPECT_FALSE(filled.contains('{')) << filled;
  });
}

TEST(OpenApiTest, FitsThisProgram) {
  EXPECT_EQ(Description().at("openapi"), "3.1.0");
  EXPECT_EQ(Description().at("info").at("version"), BERTH_VERSION);
  ExpectResolved(Description());
  json::array scopes;
  for (const auto scope : identity::AllScopes()) scopes.emplace_back(identity::ToString(scope));
  EXPECT_EQ(Description().at("components").at("schemas").at("Scope").at("enum"),
            json::value(scopes));
}

}  // namespace
}  // namespace berth::hub
