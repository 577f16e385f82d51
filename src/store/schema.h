// The tables, as a list of steps from an empty file to the present.
//
// The file's user_version says how many steps it has been through. A step, once released, never
// changes: later ones alter what it made.
#pragma once

#include <span>

namespace berth::store {

/// SQL scripts; the one at index N takes a file from version N to N + 1.
std::span<const char* const> SchemaSteps();

}  // namespace berth::store
