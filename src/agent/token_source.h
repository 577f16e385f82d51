// Where an agent's token comes from: what to read again, and what to advise, once the hub refuses
// it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "agent/worker.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/task.h"
#include "net/tls.h"

namespace berth::agent {

struct TokenSource {
  enum class Kind {
    kGiven,     ///< Once, by the environment or a pipe: it stays what it is.
    kFile,      ///< A file that the user named.
    kEnrolled,  ///< The file of berth agent enroll.
  };
  Kind kind = Kind::kGiven;
  std::filesystem::path file{};  ///< Empty for kGiven.
};

/// A token's text, checked to be one as far as an agent can: older hubs' have forms of their own.
/// kInvalid.
Result<Secret> ParseToken(std::string_view text);

/// The token in a file, without white space around it. As ReadPrivateFile; kInvalid: it holds none.
/// Blocks.
Result<Secret> ReadTokenFile(const std::filesystem::path& file);

/// Waits until `file` holds a token other than `present`, which must stay until then.
/// Trouble with the file is logged. Looks every two seconds.
Task<Secret> AwaitOtherToken(Worker& worker, Executor& executor, std::filesystem::path file,
                             const Secret& present);

/// The flags by which the agent's commands know the hub: " --hub URL --id ID", and its
/// certificate's as `tls` has them. As words of a shell; `hub_url` is as NormalizeHubUrl gives it,
/// `client_id` may be "", for the default.
std::string HubFlags(std::string_view hub_url, std::string_view client_id,
                     const net::TlsClient::Options& tls);

/// What helps when the hub refuses the token; `flags` are HubFlags().
std::string HowToReplace(const TokenSource& source, std::string_view flags);

}  // namespace berth::agent
