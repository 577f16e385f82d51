# The hub's pages: web/ built with esbuild into build/PRESET/web/, embedded into berth_hub as
# src/hub/assets.h describes. Node is BERTH_NODE (of the environment, or cached while it works), the
# private one of script/bootstrap, or the one on PATH.
function(berth_is_new_node result node)
  execute_process(COMMAND ${node} -p "process.versions.node.split('.')[0]" OUTPUT_VARIABLE major
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT major GREATER_EQUAL 20)
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

set(berth_node "$ENV{BERTH_NODE}")
if(NOT berth_node)
  set(berth_node "${BERTH_NODE}")
endif()
set(berth_has_node TRUE)
berth_is_new_node(berth_has_node "${berth_node}")
if(NOT berth_has_node AND "$ENV{BERTH_NODE}" STREQUAL "")
  set(berth_cache "$ENV{BERTH_CACHE}")
  if(NOT berth_cache AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(berth_cache "$ENV{XDG_CACHE_HOME}/berth")
  elseif(NOT berth_cache)
    set(berth_cache "$ENV{HOME}/.cache/berth")
  endif()
  find_program(berth_node_found node HINTS ${berth_cache}/node/bin NO_CACHE
               VALIDATOR berth_is_new_node)
  set(berth_node ${berth_node_found})
  set(berth_has_node ${berth_node_found})
endif()
if(NOT berth_has_node)
  message(FATAL_ERROR "Node.js 20 or later is needed to build web/: run script/bootstrap, or set "
                      "BERTH_NODE to one (it is \"$ENV{BERTH_NODE}\")")
endif()
set(BERTH_NODE "${berth_node}" CACHE FILEPATH "Node.js 20 or later, to build web/" FORCE)

set(web ${CMAKE_SOURCE_DIR}/web)
set(web_out ${CMAKE_BINARY_DIR}/web)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web}/src/*.ts ${web}/src/*.tsx ${web}/src/*.css
     ${web}/src/*.svg ${web}/src/*.png ${web}/src/*.webmanifest ${web}/pages/*.html)
list(FILTER web_sources EXCLUDE REGEX "\\.test\\.ts$")

add_custom_command(
  OUTPUT ${web_out}/assets.cc
  COMMAND ${CMAKE_COMMAND} -E env BERTH_NODE=${BERTH_NODE} sh ${web}/install.sh
  COMMAND ${BERTH_NODE} ${web}/build.mjs ${web_out}
  DEPENDS ${web_sources} ${web}/build.mjs ${web}/install.sh ${web}/package-lock.json
  COMMENT "Building the hub's pages"
  VERBATIM)
target_sources(berth_hub PRIVATE ${web_out}/assets.cc)
