# Unit tests stand beside the code: src/NAME/*_test.cc become one program, NAME_test. Those of the
# pools of memory are one of their own, small enough for script/test to build it without
# AddressSanitizer too. A tests/ or fuzz/ folder adds programs with the same two functions.
find_package(GTest REQUIRED)
include(GoogleTest)

# berth_test(NAME SOURCES file... [DEPENDS layer...])
function(berth_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE berth_flags GTest::gtest GTest::gmock GTest::gtest_main)
  foreach(layer ${arg_DEPENDS})
    target_link_libraries(${name} PRIVATE berth_${layer})
  endforeach()
  target_precompile_headers(${name} REUSE_FROM berth_base)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
endfunction()

get_property(layers GLOBAL PROPERTY BERTH_LAYERS)
foreach(layer ${layers})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*_test.cc)
  list(FILTER sources EXCLUDE REGEX "/(buffer_)?pool_test\\.cc$")
  berth_test(${layer}_test SOURCES ${sources} DEPENDS ${layer})
endforeach()
berth_test(pool_test SOURCES src/base/pool_test.cc src/net/buffer_pool_test.cc DEPENDS net)
