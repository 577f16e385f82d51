#include "base/limits.h"

#include <iterator>

namespace berth {
namespace {

constexpr LimitRow kRows[] = {
    {"request_head", false, &Limits::request_head, nullptr,
     "Bytes of a head, request or response."},
    {"request_target", false, &Limits::request_target, nullptr, "Bytes of a request target."},
    {"request_fields", false, &Limits::request_fields, nullptr, "Fields in a head."},
    {"head_timeout", true, nullptr, &Limits::head_timeout,
     "A started head must be complete by then."},
    {"idle_timeout", true, nullptr, &Limits::idle_timeout,
     "Keep-alive connection without a request."},
    {"response_timeout", true, nullptr, &Limits::response_timeout,
     "First response byte; none for upgrades and streams."},
    {"write_stall_timeout", true, nullptr, &Limits::write_stall_timeout,
     "A write without any progress."},
    {"body_stall_timeout", true, nullptr, &Limits::body_stall_timeout,
     "A request body without any progress."},
    {"half_close_grace", true, nullptr, &Limits::half_close_grace,
     "An upgraded exchange that one side has ended."},
    {"linger_timeout", true, nullptr, &Limits::linger_timeout,
     "Reading on after our last byte, so that it arrives."},
    {"connections", false, &Limits::connections, nullptr, "Open browser connections of a hub."},
    {"h2_streams", false, &Limits::h2_streams, nullptr,
     "Concurrent streams of one browser connection."},
    {"h2_header_list", false, &Limits::h2_header_list, nullptr,
     "Decoded bytes of an HTTP/2 head of a browser."},
    {"tunnel_streams", false, &Limits::tunnel_streams, nullptr,
     "Concurrent streams in one tunnel."},
    {"stream_buffer", false, &Limits::stream_buffer, nullptr,
     "Bytes buffered per stream and direction."},
    {"control_message", false, &Limits::control_message, nullptr, "Bytes of one control message."},
    {"ping_after", true, nullptr, &Limits::ping_after, "Silence on a tunnel before a ping."},
    {"ping_answer", true, nullptr, &Limits::ping_answer,
     "The tunnel is dead without an answer by then."},
    {"register_timeout", true, nullptr, &Limits::register_timeout,
     "An accepted tunnel must register by then."},
    {"reconnect_min", true, nullptr, &Limits::reconnect_min, "First reconnect delay."},
    {"reconnect_away", true, nullptr, &Limits::reconnect_away,
     "Longest reconnect delay while nothing answers at the hub's address."},
    {"reconnect_max", true, nullptr, &Limits::reconnect_max,
     "Longest reconnect delay after the hub answered and could not take the agent, or left it."},
    {"reconnect_stable", true, nullptr, &Limits::reconnect_stable,
     "A tunnel that lived this long resets the delay."},
    {"reconnect_refused", true, nullptr, &Limits::reconnect_refused,
     "Between attempts after the hub refused the agent."},
    {"connect_timeout", true, nullptr, &Limits::connect_timeout,
     "Name look-up, TCP, proxy and TLS handshake, each."},
    {"drain_grace", true, nullptr, &Limits::drain_grace,
     "What in-flight exchanges get at shutdown."},
    {"instance_connections", false, &Limits::instance_connections, nullptr,
     "Open connections of an agent to its instance."},
    {"instance_lookup", true, nullptr, &Limits::instance_lookup,
     "A request waits so long for an instance not yet found."},
    {"instance_idle", true, nullptr, &Limits::instance_idle,
     "Kept-alive connection to an instance; Node closes at 5 s."},
    {"login_code_lifetime", true, nullptr, &Limits::login_code_lifetime, "A sign-in link."},
    {"ticket_lifetime", true, nullptr, &Limits::ticket_lifetime,
     "The code that opens an instance in subdomain mode."},
    {"session_idle", true, nullptr, &Limits::session_idle, "A session without a request (12 h)."},
    {"session_absolute", true, nullptr, &Limits::session_absolute, "A session at all (7 d)."},
    {"sign_in_attempts", false, &Limits::sign_in_attempts, nullptr,
     "Sign-in attempts per address and minute."},
};

}  // namespace

std::span<const LimitRow> LimitTable() { return kRows; }

}  // namespace berth
