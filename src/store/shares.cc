#include "store/shares.h"

#include <algorithm>
#include <array>

namespace berth::store {
namespace {

constexpr std::array kKinds = {ShareKind::kUser, ShareKind::kGroup, ShareKind::kEveryone};
constexpr std::array kRoles = {ShareRole::kOperator, ShareRole::kViewer};

}  // namespace

std::string_view ToString(ShareKind kind) {
  switch (kind) {
    case ShareKind::kUser:
      return "user";
    case ShareKind::kGroup:
      return "group";
    case ShareKind::kEveryone:
      return "everyone";
  }
  return "";
}

std::optional<ShareKind> ParseShareKind(std::string_view text) {
  const auto found =
      std::ranges::find_if(kKinds, [&](ShareKind kind) { return ToString(kind) == text; });
  return found == kKinds.end() ? std::nullopt : std::optional(*found);
}

std::string_view ToString(ShareRole role) {
  return role == ShareRole::kOperator ? "operator" : "viewer";
}

std::optional<ShareRole> ParseShareRole(std::string_view text) {
  const auto found =
      std::ranges::find_if(kRoles, [&](ShareRole role) { return ToString(role) == text; });
  return found == kRoles.end() ? std::nullopt : std::optional(*found);
}

Result<std::int64_t> PutShare(Database& database, const ShareRow& share) {
  auto id = database.First(
      "INSERT INTO shares (instance_id, kind, subject, role, created_by, created_at, expires_at,"
      " group_id)"
      " SELECT id, ?2, ?3, ?4, user_id, ?6, ?7, ?8 FROM instances WHERE id = ?1 AND user_id = ?5"
      " ON CONFLICT (instance_id, kind, subject) DO UPDATE SET role = excluded.role,"
      " created_by = excluded.created_by, created_at = excluded.created_at,"
      " expires_at = excluded.expires_at, group_id = excluded.group_id RETURNING id",
      {share.instance_id, ToString(share.kind), share.subject, ToString(share.role),
       share.created_by, ToUnixMs(share.created_at), OrNull(share.expires_at), share.group_id},
      [](const Row& row) { return row.Integer(0); });
  if (!id) return Wrap(std::move(id).error(), "write a share");
  if (!*id) return Conflict("the instance is not theirs who share it");
  return **id;
}

Result<std::vector<ShareRow>> ListShares(Database& database) {
  std::vector<ShareRow> shares;
  auto done = database.Query(
      "SELECT id, instance_id, kind, subject, role, created_by, created_at, expires_at, group_id"
      " FROM shares ORDER BY id",
      {}, [&](const Row& row) {
        const auto kind = ParseShareKind(row.Text(2));
        const auto role = ParseShareRole(row.Text(4));
        if (!kind || !role) return;
        ShareRow share;
        share.id = row.Integer(0);
        share.instance_id = row.String(1);
        share.kind = *kind;
        share.subject = row.String(3);
        share.role = *role;
        share.created_by = row.Integer(5);
        share.created_at = row.Time(6);
        share.expires_at = row.TimeOrNull(7);
        share.group_id = row.String(8);
        shares.push_back(std::move(share));
      });
  if (!done) return std::move(done).error();
  return shares;
}

Result<void> SetShareGroup(Database& database, std::int64_t id, std::string_view group_id) {
  auto done = database.Run("UPDATE shares SET group_id = ?2 WHERE id = ?1 AND group_id = ''",
                           {id, group_id});
  if (!done) return Wrap(std::move(done).error(), "say which group a share means");
  return Ok();
}

Result<bool> DeleteShare(Database& database, std::int64_t id) {
  auto deleted = database.Run("DELETE FROM shares WHERE id = ?1", {id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete a share");
  return *deleted > 0;
}

}  // namespace berth::store
