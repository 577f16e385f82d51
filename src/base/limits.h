// Limits: every bound and deadline of berth in one table.
//
// One value of this struct is made at start (defaults, then the [limits] table of the configuration
// file) and handed by reference to whoever enforces a limit. docs/configuration.md lists the same
// rows; a test holds the two together.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace berth {

struct Limits {
  using Ms = std::chrono::milliseconds;
  using Size = std::uint64_t;

  // HTTP from outside.
  Size request_head = 64 * 1024;    ///< Bytes of a head, request or response.
  Size request_target = 16 * 1024;  ///< Bytes of a request target.
  Size request_fields = 100;        ///< Fields in a head.
  Ms head_timeout{10'000};          ///< Until a started head is complete, or a first one begun.
  Ms idle_timeout{75'000};          ///< Keep-alive connection without a request.
  Ms response_timeout{120'000};     ///< First response byte; none for upgrades and streams.
  Ms write_stall_timeout{60'000};   ///< A write without any progress.
  Ms body_stall_timeout{120'000};   ///< A request body without any progress.
  Ms half_close_grace{10'000};      ///< An upgraded exchange that one side has ended.
  Ms linger_timeout{2'000};         ///< Reading on after our last byte, so that it arrives.
  Size connections = 20'000;        ///< Open connections of a hub, agents' too.
  Size h2_streams = 128;            ///< Concurrent streams of one browser connection.
  Size h2_header_list = 32 * 1024;  ///< Decoded bytes of an HTTP/2 head of a browser.
  Size compressions = 64;           ///< Responses that are compressed at once, about 4 MiB each.
  Size caller_changes = 32;         ///< Calls of one caller under way that change something.
  Size slow_changes = 1'000;        ///< Those of all that wait for an instance or another server.
  Size dashboards = 256;            ///< Open dashboard sockets of one user, pages and scripts.

  Size crossing_buffer = 256 * 1024;  ///< Bytes under way between two loops, per body.
  Size crossing_messages = 4'000;     ///< Messages from one loop that the other has not taken.

  // The tunnel.
  Size tunnel_streams = 256;                 ///< Concurrent streams in one tunnel.
  Size stream_buffer = 256 * 1024;           ///< Bytes buffered per stream and direction.
  Size tunnel_window = 16 * 1024 * 1024;     ///< Bytes under way of one stream, long or fast link.
  Size tunnel_windows = 128 * 1024 * 1024;   ///< What all of these may have beyond stream_buffer.
  Size control_message = 1024 * 1024;        ///< Bytes of one control message.
  Size version1_request = 1024 * 1024;       ///< Bytes of a request body for a version-1 instance.
  Size version1_message = 32 * 1024 * 1024;  ///< Bytes of one message of a version-1 peer.
  Ms ping_after{10'000};                     ///< Silence on a tunnel before a ping.
  Ms ping_answer{10'000};                    ///< The tunnel is dead without an answer by then.
  Ms register_timeout{10'000};               ///< An accepted tunnel must register by then.
  Ms reconnect_min{100};                     ///< First reconnect delay.
  Ms reconnect_away{1'500};       ///< Longest reconnect delay while nothing answers there.
  Ms reconnect_max{30'000};       ///< Longest reconnect delay after the hub did answer.
  Ms reconnect_stable{30'000};    ///< A tunnel that lived this long resets the delay.
  Ms reconnect_refused{300'000};  ///< Between attempts after the hub refused the agent.
  Ms connect_timeout{10'000};     ///< Name look-up, TCP, proxy and TLS handshake, each.
  Ms drain_grace{10'000};         ///< What in-flight exchanges get at shutdown.

  /// Microseconds for which a loop looks for work before it sleeps, in a quick exchange; 0: none.
  Size busy_poll_us = 100;

  // Assets that the hub keeps for its agents.
  Size asset_cache = 64 * 1024 * 1024;       ///< Bytes in all, a quarter for one owner; 0: none.
  Size asset_cache_entry = 4 * 1024 * 1024;  ///< Bytes of one.

  // Instances.
  Size instances = 30'000;          ///< Of one owner, connected or not.
  Size instance_connections = 256;  ///< Open connections of an agent to its instance.
  Ms instance_lookup{1'000};        ///< A request waits so long for an instance not yet found.
  Ms instance_idle{4'000};          ///< Kept-alive connection to an instance; Node closes at 5 s.
  Ms command_restart_min{500};     ///< Before the instance's own command is started again; doubles.
  Ms command_restart_max{30'000};  ///< Longest time before it is.
  Ms command_stable{30'000};       ///< A command that ran this long resets that time.
  Ms command_stop_grace{5'000};    ///< What it gets after SIGTERM, before SIGKILL.

  // Sign-in.
  Ms login_code_lifetime{900'000};   ///< A sign-in link.
  Ms ticket_lifetime{30'000};        ///< The code that opens an instance in subdomain mode.
  Ms session_idle{43'200'000};       ///< A session that nobody uses (12 h).
  Ms session_absolute{604'800'000};  ///< A session at all (7 d).
  Ms sign_in_lifetime{600'000};      ///< A sign-in that waits for its provider.
  Ms provider_timeout{10'000};       ///< One question to a sign-in provider.
  Ms membership_recheck{900'000};    ///< Between two looks at somebody's membership.
  Ms membership_grace{3'600'000};    ///< What a provider said last still counts, when it is away.
  Size sign_in_attempts = 10;        ///< Attempts to sign in, or to enrol, per address and minute.
  Ms enrolment_lifetime{600'000};    ///< An agent's request to be enrolled.
  Ms enrolment_interval{2'000};      ///< Between two questions of an agent that waits for it.

  // Notifications.
  Ms offline_notice{60'000};       ///< An instance is away so long before people are told.
  Ms notify_timeout{10'000};       ///< One attempt to deliver a notification.
  Ms notify_retry_min{5'000};      ///< Before the second attempt; doubles from there.
  Ms notify_retry_max{3'600'000};  ///< Longest time between two attempts.
  Ms notify_give_up{86'400'000};   ///< After the first failure, a notification is given up.
  Size notify_targets = 20;        ///< Notification targets of one user.
  Size notify_waiting = 1'000;     ///< Notifications that wait for one target.
};

/// One row of the table: its name in [limits], and where it lives.
struct LimitRow {
  std::string_view name;
  bool is_duration;  ///< Milliseconds rather than a count of bytes or things.
  Limits::Size Limits::* size = nullptr;
  Limits::Ms Limits::* duration = nullptr;
  std::string_view meaning;
  bool may_be_zero = false;
  Limits::Size most = 0;  ///< What is more is refused; 0: whatever fits.
};

/// All rows, in the order of the struct.
std::span<const LimitRow> LimitTable();

}  // namespace berth
