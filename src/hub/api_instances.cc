// /api/clients/{id}: what an instance is called, how its connection was, and its removal.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/client_view.h"
#include "hub/instance_access.h"
#include "hub/instance_history.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "hub/registry.h"
#include "identity/credential.h"
#include "identity/identity.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

bool IsLive(const HubContext& hub, const std::string& id) {
  const Instance* const instance = hub.registry.Get(id);
  return instance != nullptr && instance->is_live();
}

http::Response IsConnectedProblem() {
  return ProblemResponse({409, "It is connected",
                          "Its agent would only come back: disconnect the instance or stop its "
                          "agent, then remove it."});
}

boost::json::object ToJson(const Connection& connection, bool is_owner) {
  boost::json::object entry;
  entry["connected_at"] = FormatIso8601(connection.connected_at);
  if (connection.disconnected_at) {
    entry["disconnected_at"] = FormatIso8601(*connection.disconnected_at);
  }
  if (is_owner) entry["address"] = connection.address;
  if (!connection.reason.empty()) entry["reason"] = connection.reason;
  return entry;
}

boost::json::object ToJson(const Sample& sample) {
  boost::json::object entry;
  entry["at"] = FormatIso8601(sample.at);
  entry["latency_ms"] =
      sample.latency ? boost::json::value(
                           std::chrono::ceil<std::chrono::milliseconds>(*sample.latency).count())
                     : nullptr;
  entry["bytes_in"] = sample.traffic.in;
  entry["bytes_out"] = sample.traffic.out;
  return entry;
}

/// Deletes the row if it is that user's; what it was.
Task<Result<std::optional<store::InstanceRow>>> DeleteRow(HubContext& hub, std::string id,
                                                          std::int64_t user_id) {
  co_return co_await hub.store.Run(
      [id, user_id](store::Database& database) -> Result<std::optional<store::InstanceRow>> {
        auto row = store::FindInstance(database, id);
        if (!row || !*row) return row;
        if ((*row)->user_id != user_id) return std::optional<store::InstanceRow>();
        auto deleted = store::DeleteInstance(database, id);
        if (!deleted) return std::move(deleted).error();
        return row;
      });
}

/// An agent came while the row was being deleted: it has a new one.
Task<Result<void>> WriteAgain(HubContext& hub, store::InstanceRow row) {
  auto written = co_await hub.store.Run([row](store::Database& database) -> Result<void> {
    auto claimed =
        store::ClaimInstance(database, row.id, row.user_id, row.metadata, row.last_seen_at);
    if (!claimed) return std::move(claimed).error();
    return Ok();
  });
  co_return written;
}

}  // namespace

Task<Result<http::Response>> RenameClient(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseUnlessOwner(hub, call, "rename it")) co_return std::move(*refusal);
  auto wanted = co_await JsonBody::Read(hub, call.request);
  if (!wanted) co_return std::move(wanted).error();
  const std::string label = wanted->String("label");
  auto checked = wanted->Finish();
  if (!checked) co_return std::move(checked).error();
  if (!label.empty() && !identity::IsTokenName(label)) {
    co_return Invalid("a label has at most 100 bytes and no control characters");
  }
  // While the request was read it may have been removed.
  auto written = co_await hub.store.Run(
      [id = call.id, user_id = call.user_id(), label](store::Database& database) -> Result<void> {
        return store::SetInstanceLabel(database, id, user_id, label);
      });
  if (!written) co_return Wrap(std::move(written).error(), "rename instance");
  hub.registry.SetLabel(call.id, label);
  LogInfo("instance {}: now called \"{}\"", call.id, ForLog(label));
  co_await RecordCall(hub, call, identity::audit_action::kInstanceRename,
                      {.instance_id = call.id, .detail = label});
  const auto visible = hub.registry.Find(call.id, *call.user);
  if (!visible) co_return NoSuchInstance();
  co_return JsonResponse(200, control::Serialise(ClientViewOf(hub, *visible)));
}

Task<Result<http::Response>> RemoveClient(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseUnlessOwner(hub, call, "remove it")) co_return std::move(*refusal);
  if (IsLive(hub, call.id)) co_return IsConnectedProblem();
  auto unshared = co_await hub.identity.shares().RemoveAllOf(call.id);
  if (!unshared) co_return Wrap(std::move(unshared).error(), "remove shares");
  auto row = co_await DeleteRow(hub, call.id, call.user_id());
  if (!row) co_return Wrap(std::move(row).error(), "remove instance");
  if (IsLive(hub, call.id)) {  // It has just come.
    if (*row) {
      auto written = co_await WriteAgain(hub, **row);
      if (!written) co_return Wrap(std::move(written).error(), "keep instance");
    }
    co_return IsConnectedProblem();
  }
  hub.registry.Remove(call.id);
  hub.identity.shares().Forget(call.id);  // One that was being made meanwhile went with the row.
  // A new instance of this id must not meet the sessions of those who had the old one open.
  hub.identity.sessions().EndIf(
      [&id = call.id](const identity::Session& session) { return session.instance_id == id; });
  LogInfo("instance {}: removed", call.id);
  co_await RecordCall(hub, call, identity::audit_action::kInstanceRemove, {.instance_id = call.id});
  co_return NoContent();
}

Task<Result<http::Response>> GetClientHistory(HubContext& hub, ApiCall call) {
  const auto visible = hub.registry.Find(call.id, *call.user);
  if (!visible) co_return NoSuchInstance();
  const bool is_owner = visible->role == identity::InstanceRole::kOwner;
  const History& history = hub.history.Of(call.id);
  boost::json::array connections;
  for (const Connection& one : history.connections) connections.push_back(ToJson(one, is_owner));
  boost::json::array samples;
  for (const Sample& one : history.samples) samples.push_back(ToJson(one));
  boost::json::object body;
  body["connections"] = std::move(connections);
  body["samples"] = std::move(samples);
  co_return JsonResponse(200, boost::json::serialize(body));
}

}  // namespace berth::hub
