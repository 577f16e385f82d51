#include "agent/hub_trust.h"

#include <algorithm>

#include "agent/watch.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/private_file.h"
#include "control/assertion.h"

namespace berth::agent {
namespace {

constexpr std::size_t kMaxFile = 256 * 1024;
// A hub has two keys; more are read in case a later one has more, but not any number.
constexpr std::size_t kMaxAnnounced = 8;

struct KnownHub {
  std::string hub;
  Ed25519PublicKey key;
};

/// kNotFound: there is no such file.
Result<std::vector<KnownHub>> ReadKnownHubs(const std::filesystem::path& file) {
  auto text = ReadPrivateFile(file, kMaxFile);
  if (!text) return std::move(text).error();
  std::vector<KnownHub> known;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find(' ');
    const std::string_view key_text = space == line.npos ? "" : line.substr(space + 1);
    auto key = Ed25519PublicKey::FromText(key_text);
    if (!key) {
      return Invalid(fmt::format("{} is damaged: a line holds a hub's URL, a space and its key",
                                 file.string()));
    }
    known.push_back({.hub = std::string(line.substr(0, space)), .key = std::move(*key)});
  }
  return known;
}

/// kNotFound: there is no such file.
Result<std::vector<Ed25519PublicKey>> ReadPins(const std::filesystem::path& file,
                                               std::string_view hub) {
  auto known = ReadKnownHubs(file);
  if (!known) return std::move(known).error();
  std::vector<Ed25519PublicKey> pins;
  for (KnownHub& entry : *known) {
    if (entry.hub == hub) pins.push_back(std::move(entry.key));
  }
  return pins;
}

bool Contains(const std::vector<Ed25519PublicKey>& keys, const Ed25519PublicKey& key) {
  return std::ranges::find(keys, key) != keys.end();
}

std::string IdsOf(const std::vector<Ed25519PublicKey>& keys) {
  std::vector<std::string> ids;
  for (const auto& key : keys) ids.push_back(key.Id());
  return fmt::format("{}", fmt::join(ids, ", "));
}

struct AnnouncedKey {
  Ed25519PublicKey key;
  const control::HubKey* entry;
};

std::vector<AnnouncedKey> ReadAnnounced(const std::vector<control::HubKey>& announced) {
  std::vector<AnnouncedKey> keys;
  for (const control::HubKey& entry : announced) {
    if (keys.size() == kMaxAnnounced) break;
    auto key = Ed25519PublicKey::FromText(entry.public_key);
    if (key) keys.push_back({.key = std::move(*key), .entry = &entry});
  }
  return keys;
}

bool IsEndorsed(const AnnouncedKey& newer, const std::vector<Ed25519PublicKey>& trusted) {
  return std::ranges::any_of(newer.entry->endorsements, [&](const auto& endorsement) {
    const auto older = std::ranges::find_if(
        trusted, [&](const auto& key) { return key.Id() == endorsement.key_id; });
    const auto signature = Base64UrlDecode(endorsement.signature);
    return older != trusted.end() && signature &&
           older->Verify(control::EndorsementText(newer.key), *signature);
  });
}

}  // namespace

Result<HubTrust> HubTrust::Open(Options options, Worker& worker) {
  HubTrust trust(std::move(options), worker);
  auto pins = ReadPins(trust.options_.file, trust.options_.hub);
  if (!pins && pins.error().kind == ErrorKind::kNotFound) pins = Pins();
  if (!pins) return std::move(pins).error();
  *trust.in_file_ = *pins;
  trust.pinned_ = trust.BelievedOf(std::move(*pins));
  return trust;
}

HubTrust::Pins HubTrust::BelievedOf(Pins in_file) const {
  // What the user says counts more than what was believed before, unless that came from there.
  if (options_.key && !Contains(in_file, *options_.key)) return {*options_.key};
  return in_file;
}

Task<void> HubTrust::AwaitOtherPins(Executor& executor) {
  // Compared with the file, not with what is believed: pins that could not be written are not given
  // up because the file lacks them.
  const auto look = [file = options_.file, hub = options_.hub,
                     in_file = in_file_]() -> Result<std::optional<Pins>> {
    auto pins = ReadPins(file, hub);
    // Nobody took lines out of a file that is gone: its folder may be away for a while.
    if (!pins && pins.error().kind == ErrorKind::kNotFound) return std::optional<Pins>();
    if (!pins) return std::move(pins).error();
    if (*pins == *in_file) return std::optional<Pins>();
    return std::optional(std::move(*pins));
  };
  auto other =
      co_await AwaitNews(*worker_, executor, "other key of the hub", look,
                         [this](const auto& pins) { return pins && BelievedOf(*pins) != pinned_; });
  pinned_ = BelievedOf(*other);
  worker_->Submit([in_file = in_file_, now = std::move(*other)] { *in_file = now; });
}

Result<void> HubTrust::Accept(const std::vector<control::HubKey>& announced) {
  const std::vector<AnnouncedKey> keys = ReadAnnounced(announced);
  if (keys.empty()) {
    return Invalid(
        "the hub announces no key to check its users by; it is older than this agent, or no berth "
        "hub");
  }
  const bool is_first = pinned_.empty();
  std::vector<Ed25519PublicKey> trusted = pinned_;
  // Each round may bring a key that vouches for another.
  for (bool is_more = true; is_more;) {
    is_more = false;
    for (const AnnouncedKey& candidate : keys) {
      if (Contains(trusted, candidate.key)) continue;
      if (!is_first && !IsEndorsed(candidate, trusted)) continue;
      trusted.push_back(candidate.key);
      is_more = true;
    }
  }
  std::vector<Ed25519PublicKey> kept;
  for (const AnnouncedKey& candidate : keys) {
    if (Contains(trusted, candidate.key) && !Contains(kept, candidate.key)) {
      kept.push_back(candidate.key);
    }
  }
  if (kept.empty()) {
    // What the user gave counts more than enrolment and file: neither helps then.
    const auto unless_given = [this](std::string text) { return options_.key ? "" : text; };
    return Forbidden(fmt::format(
        "the hub's key {} is not the pinned one, {}. If the hub was set up anew, or its key "
        "rotated more than once while this agent was away, {}check the key (berth key ls, on the "
        "hub) and give it as --hub-key{}. If not, somebody else answers in its place",
        keys.front().key.Id(), IdsOf(pinned_), unless_given("enrol again; or "),
        unless_given(fmt::format(", or take the lines of {} out of {}", options_.hub,
                                 options_.file.string()))));
  }
  // The root stays, so that what it led to is known to come from it.
  if (options_.key && !Contains(kept, *options_.key)) kept.push_back(*options_.key);
  if (kept == pinned_) return Ok();
  pinned_ = std::move(kept);
  const std::string news =
      is_first ? fmt::format("pinned the key {} of {}, which this agent meets for the first time",
                             IdsOf(pinned_), options_.hub)
               : fmt::format("the keys of {} are now {}", options_.hub, IdsOf(pinned_));
  worker_->Submit(
      [file = options_.file, hub = options_.hub, keys_kept = pinned_, news, in_file = in_file_] {
        auto written = PinHubKeys(file, hub, keys_kept);
        if (written) *in_file = keys_kept;
        LogInfo("{}", news);
        if (!written) LogWarn("and forgotten at the next start: {}", written.error().message);
      });
  return Ok();
}

const Ed25519PublicKey* HubTrust::Find(std::string_view id) const {
  const auto found =
      std::ranges::find_if(pinned_, [id](const auto& key) { return key.Id() == id; });
  return found == pinned_.end() ? nullptr : &*found;
}

Result<void> PinHubKeys(const std::filesystem::path& file, std::string_view hub,
                        const std::vector<Ed25519PublicKey>& keys) {
  auto known = ReadKnownHubs(file);
  if (!known && known.error().kind == ErrorKind::kNotFound) known = std::vector<KnownHub>();
  if (!known) return std::move(known).error();
  std::string text =
      "# Keys of hubs, as this agent knows them. A new hub at an old address: take "
      "its lines out.\n";
  for (const KnownHub& entry : *known) {
    if (entry.hub != hub) text += fmt::format("{} {}\n", entry.hub, entry.key.Text());
  }
  for (const Ed25519PublicKey& key : keys) text += fmt::format("{} {}\n", hub, key.Text());
  return WritePrivateFile(file, text);
}

}  // namespace berth::agent
