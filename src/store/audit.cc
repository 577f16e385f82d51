#include "store/audit.h"

#include <algorithm>

#include "store/digest_column.h"

namespace berth::store {
namespace {

constexpr std::string_view kColumns =
    "seq, at, actor_id, actor, action, instance_id, address, result, detail, hash";
/// With the parts of an AuditFilter, in order, as ?2 to ?6. Those of one user stand in a term of
/// their own, for which there is an index.
std::string Fits(const AuditFilter& filter) {
  return fmt::format(
      "{} AND (?3 = '' OR actor = ?3 OR actor_id IN"
      " (SELECT id FROM users WHERE name = ?3 OR login = ?3))"
      " AND (?4 = '' OR action = ?4) AND (?5 = '' OR instance_id = ?5)"
      " AND (?6 = '' OR result = ?6)",
      filter.actor_id ? "actor_id = ?2" : "?2 IS NULL");
}

AuditRow ToAuditRow(const Row& row) {
  AuditRow audit;
  audit.seq = row.Integer(0);
  audit.entry.at = row.Time(1);
  audit.entry.actor_id = row.IntegerOrNull(2);
  audit.entry.actor = row.String(3);
  audit.entry.action = row.String(4);
  audit.entry.instance_id = row.String(5);
  audit.entry.address = row.String(6);
  audit.entry.result = row.String(7);
  audit.entry.detail = row.String(8);
  audit.hash = DigestColumn(row, 9);
  return audit;
}

/// Adds one field so that no two different lists of fields give the same bytes.
void AddField(std::string& bytes, std::string_view field) {
  bytes += std::to_string(field.size());
  bytes += ':';
  bytes += field;
}

}  // namespace

Sha256Digest AuditHash(const Sha256Digest& previous, std::int64_t seq, const AuditEntry& entry) {
  std::string bytes(reinterpret_cast<const char*>(previous.data()), previous.size());
  AddField(bytes, std::to_string(seq));
  AddField(bytes, std::to_string(ToUnixMs(entry.at)));
  AddField(bytes, entry.actor_id ? std::to_string(*entry.actor_id) : "");
  AddField(bytes, entry.actor);
  AddField(bytes, entry.action);
  AddField(bytes, entry.instance_id);
  AddField(bytes, entry.address);
  AddField(bytes, entry.result);
  AddField(bytes, entry.detail);
  return Sha256(bytes);
}

Result<void> AppendAudit(Database& database, const AuditEntry& entry) {
  auto last = database.First("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", {},
                             [](const Row& row) {
                               AuditRow audit;
                               audit.seq = row.Integer(0);
                               audit.hash = DigestColumn(row, 1);
                               return audit;
                             });
  if (!last) return Wrap(std::move(last).error(), "read the audit log");
  const AuditRow previous = last->value_or(AuditRow{});
  const std::int64_t seq = previous.seq + 1;
  auto done = database.Run(
      "INSERT INTO audit (seq, at, actor_id, actor, action, instance_id, address, result, detail,"
      " hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      {seq, ToUnixMs(entry.at), OrNull(entry.actor_id), entry.actor, entry.action,
       entry.instance_id, entry.address, entry.result, entry.detail,
       AuditHash(previous.hash, seq, entry)});
  if (!done) return Wrap(std::move(done).error(), "write the audit log");
  return Ok();
}

std::string ListAuditStatement(const AuditFilter& filter) {
  return fmt::format(
      "SELECT {} FROM audit WHERE seq < ?1 AND seq >= ?8 AND {} ORDER BY seq DESC LIMIT ?7",
      kColumns, Fits(filter));
}

Result<AuditPage> ListAudit(Database& database, std::int64_t before, std::int64_t limit,
                            const AuditFilter& filter, std::int64_t most) {
  auto last = database.First("SELECT max(seq) FROM audit", {},
                             [](const Row& row) { return row.IntegerOrNull(0).value_or(0); });
  if (!last) return Wrap(std::move(last).error(), "read the audit log");
  const std::int64_t end = last->value_or(0) + 1;
  if (before <= 0 || before > end) before = end;
  const std::int64_t from = std::max<std::int64_t>(before - most, 1);
  auto rows = database.All(ListAuditStatement(filter),
                           {before, OrNull(filter.actor_id), filter.actor, filter.action,
                            filter.instance_id, filter.result, limit, from},
                           ToAuditRow);
  if (!rows) return std::move(rows).error();
  AuditPage page{.rows = *std::move(rows)};
  const std::int64_t next = std::ssize(page.rows) == limit ? page.rows.back().seq : from;
  if (next > 1) page.next_before = next;
  return page;
}

Result<void> EachAudit(Database& database, std::int64_t after, const AuditFilter& filter,
                       const std::function<void(const AuditRow&)>& each) {
  return database.Query(fmt::format("SELECT {} FROM audit WHERE seq > ?1 AND {} ORDER BY seq",
                                    kColumns, Fits(filter)),
                        {after, OrNull(filter.actor_id), filter.actor, filter.action,
                         filter.instance_id, filter.result},
                        [&](const Row& row) { each(ToAuditRow(row)); });
}

Result<AuditVerdict> VerifyAudit(Database& database) {
  AuditVerdict verdict;
  auto done = EachAudit(database, 0, {}, [&](const AuditRow& row) {
    const std::int64_t seq = ++verdict.rows;
    const bool fits =
        row.seq == seq && row.hash == AuditHash(verdict.last_hash, row.seq, row.entry);
    if (!fits && !verdict.broken_at) verdict.broken_at = row.seq;
    verdict.last_hash = row.hash;
  });
  if (!done) return std::move(done).error();
  return verdict;
}

}  // namespace berth::store
