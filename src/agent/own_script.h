// Which requests of a safe method that change something all the same (Adapter::HasSideEffects) the
// instance's own page has made.
//
// The hub lets every navigation to an instance through, and the agent signs in what comes: so a
// link anywhere on the web would act for whoever follows it. That the request is of the same origin
// says too little: pages of the hub lead on to whatever path a link to them names. A link, a form,
// a frame or an image is therefore never enough; a script of the page is.
#pragma once

#include "http/message.h"

namespace berth::agent {

/// Whether a script of the instance's own page asks for this, by fetch or as an event stream, or no
/// browser at all. By Fetch Metadata; without it (old browsers, plain HTTP) by Origin and Referer,
/// as the hub says where the page is. `head` is as the hub sent it.
bool IsAskedByOwnScript(const http::RequestHead& head);

}  // namespace berth::agent
