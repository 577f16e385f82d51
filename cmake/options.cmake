# Compiler flags, on one INTERFACE target, and the packages of Debian 12 that the layers use.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "berth builds with clang 19: g++ 12 miscompiles coroutines. "
                      "Use a preset (cmake --preset release) or -DCMAKE_CXX_COMPILER=clang++-19.")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_library(TOMLPLUSPLUS tomlplusplus REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlienc libbrotlidec)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
if(NOT TARGET SQLite::SQLite3)
  add_library(SQLite::SQLite3 ALIAS SQLite3::SQLite3)
endif()
# These become part of the program, from their headers (base/fmt_library.cc, base/log.cc): as shared libraries each system
# has them in another version, and the program would run on Debian 12 alone.
foreach(header fmt/format-inl.h spdlog/spdlog-inl.h)
  find_file(${header}_found ${header} REQUIRED NO_CACHE)
endforeach()

add_library(berth_flags INTERFACE)
target_include_directories(berth_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(berth_flags INTERFACE BERTH_VERSION="${PROJECT_VERSION}" SPDLOG_FMT_EXTERNAL)
target_compile_options(berth_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<BOOL:${CCACHE}>:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
set(BERTH_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined")
if(BERTH_SANITIZE)
  target_compile_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE})
endif()
# How often each branch was taken under the loads of script/bench, as script/profile counted it; the compiler
# lays the code out accordingly. Functions that have changed since are built as if there were none.
set(BERTH_PROFILE "" CACHE STRING "Profile to optimise with, below the source folder")
option(BERTH_COUNT "Count what runs, for such a profile" OFF)
if(BERTH_PROFILE AND NOT EXISTS ${CMAKE_SOURCE_DIR}/${BERTH_PROFILE})
  message(WARNING "no ${BERTH_PROFILE}: built without; script/profile makes it")
elseif(BERTH_PROFILE)
  # Compilers do not name it among what an object depends on: its hash is part of the command instead.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${BERTH_PROFILE})
  file(SHA256 ${CMAKE_SOURCE_DIR}/${BERTH_PROFILE} profile_hash)
  target_compile_definitions(berth_flags INTERFACE BERTH_PROFILE_HASH="${profile_hash}")
  file(RELATIVE_PATH profile ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/${BERTH_PROFILE})
  target_compile_options(berth_flags INTERFACE -fprofile-use=${profile} -ffunction-sections
                         -fsplit-machine-functions -Wno-profile-instr-out-of-date
                         -Wno-profile-instr-unprofiled -Wno-backend-plugin)
  # What runs lies together, in fewer pages; lld orders the functions by who calls whom.
  target_link_options(berth_flags INTERFACE -Wl,--gc-sections,-z,keep-text-section-prefix)
elseif(BERTH_COUNT)
  target_compile_options(berth_flags INTERFACE -fprofile-generate=${CMAKE_BINARY_DIR}/counts
                         -fprofile-update=atomic)
  target_link_options(berth_flags INTERFACE -fprofile-generate)
endif()
if(BERTH_FUZZ)
  # Coverage in every layer: it leads the fuzzer. The targets themselves link its main().
  target_compile_options(berth_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
