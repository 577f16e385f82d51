// How an event of the audit log is shown: the same in the API and in what `berth audit` exports.
#pragma once

#include <boost/json/object.hpp>

#include "store/audit.h"

namespace berth::hub {

boost::json::object AuditView(const store::AuditRow& row);

}  // namespace berth::hub
