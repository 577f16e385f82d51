#include "hub/audit_view.h"

#include <boost/json/value.hpp>

#include "base/encoding.h"

namespace berth::hub {

boost::json::object AuditView(const store::AuditRow& row) {
  boost::json::object view;
  view["seq"] = row.seq;
  view["at"] = FormatIso8601(row.entry.at);
  view["actor_id"] = row.entry.actor_id ? boost::json::value(*row.entry.actor_id) : nullptr;
  view["actor"] = row.entry.actor;
  view["action"] = row.entry.action;
  view["instance_id"] = row.entry.instance_id;
  view["address"] = row.entry.address;
  view["result"] = row.entry.result;
  view["detail"] = row.entry.detail;
  view["hash"] = HexEncode(row.hash);
  return view;
}

}  // namespace berth::hub
