// HubTrust: which keys of its hub an agent believes, and how it comes to believe others.
//
// The keys are pinned in a file beside what else the agent must remember, one line for each:
//
//     https://hub.example.org PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw
//
// The first ones come from enrolment, from --hub-key, or from the hub itself when the agent first
// meets it (over verified TLS, or on this machine). Later ones count only if a pinned key vouches
// for them. Who changes the file (enrolment, or somebody who takes lines out) is heard once the hub
// is not believed. Lives on the loop.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/worker.h"
#include "base/ed25519.h"
#include "base/result.h"
#include "control/message.h"

namespace berth::agent {

/// The file's name in the agent's state folder.
inline constexpr std::string_view kKnownHubsFile = "known-hubs";

class HubTrust {
 public:
  struct Options {
    std::string hub;                           ///< Its URL, as in AgentOptions.
    std::filesystem::path file;                ///< Where keys are pinned. Need not exist.
    std::optional<Ed25519PublicKey> key = {};  ///< What the user said the hub's key is.
  };

  /// Reads the file. kForbidden: others may read it; kInvalid: it is damaged. `worker` writes it,
  /// and must outlive this object.
  static Result<HubTrust> Open(Options options, Worker& worker);

  /// What the hub says its keys are, the newest first. Afterwards those that are trusted are
  /// pinned, and those that the hub no longer has are not. kForbidden: none of them is trusted, and
  /// nothing changed; kInvalid: there are none. The message says what the user can do.
  Result<void> Accept(const std::vector<control::HubKey>& announced);

  /// Waits until the file has other pins than it had when this object last read or wrote it, and
  /// believes those from then on. Trouble with the file is logged. Must be dropped before this.
  Task<void> AwaitOtherPins(Executor& executor);

  /// The trusted key of that id, or null. Valid until `pinned()` changes.
  const Ed25519PublicKey* Find(std::string_view id) const;
  const std::vector<Ed25519PublicKey>& pinned() const { return pinned_; }

 private:
  using Pins = std::vector<Ed25519PublicKey>;

  HubTrust(Options options, Worker& worker) : options_(std::move(options)), worker_(&worker) {}
  Pins BelievedOf(Pins in_file) const;

  Options options_;
  Worker* worker_;
  Pins pinned_;
  // What the file held for this hub at last; the worker's alone, once opened.
  std::shared_ptr<Pins> in_file_ = std::make_shared<Pins>();
};

/// Pins `keys` for `hub` in `file`, in the place of what was pinned for it: what enrolment brings.
/// Errors as WritePrivateFile, and kForbidden if others may read the file.
Result<void> PinHubKeys(const std::filesystem::path& file, std::string_view hub,
                        const std::vector<Ed25519PublicKey>& keys);

}  // namespace berth::agent
