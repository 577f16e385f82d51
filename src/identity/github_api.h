// GitHubApi: the few questions that berth asks GitHub's REST API, with somebody's access token.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "base/secret.h"
#include "http/web.h"
#include "identity/policy.h"

namespace berth::identity {

/// Who a token belongs to, and what they are a member of.
struct GitHubPerson {
  GitHubMembership membership = {};
  std::string login = {};  ///< As GitHub writes it.
  std::string name = {};   ///< "" if they gave none.
  std::string avatar_url = {};
};

class GitHubApi {
 public:
  /// `url`: "https://github.com", or a GitHub Enterprise Server. `web` must outlive this object.
  GitHubApi(http::Web& web, std::string_view url);

  /// Where the API is: https://api.github.com, or URL/api/v3.
  const std::string& base() const { return base_; }

  /// The token's owner with all their orgs and teams, pages and pages of them. kUnauthorized:
  /// GitHub refuses the token; anything else: no useful answer. `token` must outlive the call.
  Task<Result<GitHubPerson>> ReadPerson(const Secret& token);

  /// The numeric id that a login has now; `kind` is "user" or "org". kNotFound: nobody bears it.
  Task<Result<std::int64_t>> ReadId(std::string kind, std::string login, const Secret& token);

 private:
  Task<Result<http::WebAnswer>> Get(std::string url, const Secret& token);
  /// All entries of all pages.
  Task<Result<boost::json::array>> GetAll(std::string path, const Secret& token);

  http::Web& web_;
  const std::string base_;
};

/// The target of rel="next" in the Link fields (RFC 8288); "" without.
std::string NextPage(const http::Fields& fields);

}  // namespace berth::identity
