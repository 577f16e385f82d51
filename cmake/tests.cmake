# Unit tests stand beside the code: src/NAME/*_test.cc become one program, NAME_test.
# A tests/ or fuzz/ folder adds programs of its own with the same two functions.
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

foreach(layer base net http control tunnel rewrite store identity hub agent terminal)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*_test.cc)
  if(sources)
    berth_test(${layer}_test SOURCES ${sources} DEPENDS ${layer})
  endif()
endforeach()

# src/cli is a program, not a library: its test takes the parts of it that decide something.
file(GLOB cli_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*_test.cc)
if(cli_tests)
  berth_test(cli_test DEPENDS agent terminal SOURCES ${cli_tests}
             ${CMAKE_SOURCE_DIR}/src/cli/hub_settings.cc ${CMAKE_SOURCE_DIR}/src/cli/sign_in_settings.cc
             ${CMAKE_SOURCE_DIR}/src/cli/agent_settings.cc
             ${CMAKE_SOURCE_DIR}/src/cli/setting_values.cc ${CMAKE_SOURCE_DIR}/src/cli/settings.cc
             ${CMAKE_SOURCE_DIR}/src/cli/hub_access.cc ${CMAKE_SOURCE_DIR}/src/cli/client_answers.cc
             ${CMAKE_SOURCE_DIR}/src/cli/complain.cc
             ${CMAKE_SOURCE_DIR}/src/cli/output.cc)
  target_link_libraries(cli_test PRIVATE CLI11::CLI11)
endif()
