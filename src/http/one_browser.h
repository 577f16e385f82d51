// What is answered to somebody who is signed in is for their browser alone: a cache that several
// people share, in front of the hub, would give it to anybody.
#pragma once

#include "http/fields.h"

namespace berth::http {

/// Makes Cache-Control say `private` instead of `public`, `s-maxage` and whatever it said of single
/// fields, unless it says `no-store`; nothing else of it changes, nor what the browser's own cache
/// does. Fields that speak to shared caches only RemoveDangerous (header_rules.h) takes out.
void KeepToOneBrowser(Fields& fields);

}  // namespace berth::http
