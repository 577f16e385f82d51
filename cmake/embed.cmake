# berth_embed(TARGET FILE SYMBOL): the text of FILE, inside TARGET, as a function
#
#     std::string_view berth::embedded::SYMBOL();     // #include "embedded/SYMBOL.h"
#
# Of a .js file, lines that hold nothing but a // comment and leading white space are left out.
# The same file, run as a script (cmake -P), makes the .cc.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${EMBED_FILE} hex HEX)
  if(EMBED_FILE MATCHES "\\.js$")
    file(READ ${EMBED_FILE} text)
    string(REGEX REPLACE "\n[ \t]+" "\n" text "\n${text}")
    string(REGEX REPLACE "\n//[^\n]*" "" text "${text}")
    string(REGEX REPLACE "\n\n+" "\n" text "${text}")
    string(REGEX REPLACE "^\n" "" text "${text}")
    string(HEX "${text}" hex)
  endif()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(REGEX REPLACE "(..................................................................................................)" "\\1\n" bytes "${bytes}")
  file(WRITE ${EMBED_OUT} "#include \"embedded/${EMBED_SYMBOL}.h\"

namespace berth::embedded {
namespace {
constexpr char kBytes[] = {
${bytes}'\\0'};
}  // namespace

std::string_view ${EMBED_SYMBOL}() { return {kBytes, sizeof kBytes - 1}; }

}  // namespace berth::embedded
")
  return()
endif()

set(berth_embed_script ${CMAKE_CURRENT_LIST_FILE})

function(berth_embed target file symbol)
  set(folder ${CMAKE_BINARY_DIR}/embedded_${target}/embedded)
  set(input ${CMAKE_SOURCE_DIR}/${file})
  file(CONFIGURE OUTPUT ${folder}/${symbol}.h CONTENT
"#pragma once

#include <string_view>

namespace berth::embedded {

/// ${file}
std::string_view ${symbol}();

}  // namespace berth::embedded
" @ONLY)
  add_custom_command(
    OUTPUT ${folder}/${symbol}.cc
    COMMAND ${CMAKE_COMMAND} -DEMBED_FILE=${input} -DEMBED_SYMBOL=${symbol}
            -DEMBED_OUT=${folder}/${symbol}.cc -P ${berth_embed_script}
    DEPENDS ${input} ${berth_embed_script}
    VERBATIM)
  target_sources(${target} PRIVATE ${folder}/${symbol}.cc)
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/embedded_${target})
endfunction()
