# berth_library(NAME [DEPENDS layer...] [LIBS target...]): the folder src/NAME as a static library,
# without its tests and a main.cc. The global property BERTH_LAYERS names them all.
function(berth_library name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc
       ${CMAKE_SOURCE_DIR}/src/${name}/*/*.cc)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  add_library(berth_${name} STATIC ${sources})
  set_property(GLOBAL APPEND PROPERTY BERTH_LAYERS ${name})
  target_link_libraries(berth_${name} PUBLIC berth_flags ${arg_LIBS})
  foreach(layer ${arg_DEPENDS})
    target_link_libraries(berth_${name} PUBLIC berth_${layer})
  endforeach()
  if(name STREQUAL base)
    target_precompile_headers(berth_base PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  else()
    target_precompile_headers(berth_${name} REUSE_FROM berth_base)
  endif()
endfunction()
