# SPDX-License-Identifier: Apache-2.0
# Test programs, fuzz targets, benchmarks and examples. Every test is known to ctest and
# stands in <build>/tests.list, which tools/run_tests reads: name, kind, command; tab between.

pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(gmp REQUIRED IMPORTED_TARGET gmp)

set(tests_list "")
set(test_libraries "")
if(TARGET blindsight_static)
  set(test_libraries blindsight_static)
endif()
# Some test the commands themselves.
set(test_libraries ${cli_archive} service_static ${test_libraries})

# source_program(target folder file): an executable <build>/<folder>/<name of file>
function(source_program target folder file)
  get_filename_component(name "${file}" NAME_WE)
  add_executable(${target} "${file}" ${ARGN})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE blindsight_flags ${test_libraries} PkgConfig::sodium
                        PkgConfig::jansson PkgConfig::gmp Threads::Threads m)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${folder}")
endfunction()

# list_test(name kind command...)
function(list_test name kind)
  string(REPLACE ";" " " command "${ARGN}")
  set(tests_list "${tests_list}${name}\t${kind}\t${command}\n" PARENT_SCOPE)
  separate_arguments(arguments UNIX_COMMAND "${command}")
  if(kind STREQUAL "program")
    add_test(NAME ${name} COMMAND ${arguments} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  elseif(kind STREQUAL "shell")
    add_test(NAME ${name} COMMAND sh ${arguments} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77
      ENVIRONMENT "BUILD=${PROJECT_BINARY_DIR}")
  endif()
endfunction()

# tests/<room>/test_*.c and check_*.c are run. ctgrind_*.c mark their secrets as undefined for
# valgrind. make_*.c write golden files; they are built, so that they stay correct, not run.
include(CheckIncludeFile)
check_include_file(valgrind/memcheck.h have_memcheck)
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
  tests/*/test_*.c tests/*/check_*.c tests/*/ctgrind_*.c
  tests/*/make_*.c)
foreach(file ${files})
  string(REGEX REPLACE "^tests/(.*)\\.c$" "\\1" name "${file}")
  string(REPLACE "/" "_" target "${name}")
  get_filename_component(folder "${file}" DIRECTORY)
  if(name MATCHES "/make_")
    source_program(${target} "${folder}" "${file}")
  elseif(NOT name MATCHES "/ctgrind_")
    source_program(${target} "${folder}" "${file}")
    target_link_libraries(${target} PRIVATE PkgConfig::cmocka)
    list_test(${name} program "${PROJECT_BINARY_DIR}/tests/${name}")
  elseif(have_memcheck AND CMAKE_BUILD_TYPE STREQUAL "Release")
    source_program(${target} "${folder}" "${file}")
    list_test(${name} ctgrind "${PROJECT_BINARY_DIR}/tests/${name}")
  endif()
endforeach()

# Fuzz targets, together `fuzz_targets`: with libFuzzer in the Fuzz build, else replaying
# tests/fuzz/corpus/<name>/.
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
add_custom_target(fuzz_targets)
foreach(file ${files})
  get_filename_component(target "${file}" NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" name "${target}")
  if(CMAKE_BUILD_TYPE STREQUAL "Fuzz")
    source_program(${target} fuzz "${file}")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    source_program(${target} fuzz "${file}" tests/fuzz/replay_main.c)
    list_test(fuzz/${name} program "${PROJECT_BINARY_DIR}/fuzz/${target}"
      tests/fuzz/corpus/${name})
  endif()
  add_dependencies(fuzz_targets ${target})
  # The fuzzer's entry point has no header of its own.
  set_source_files_properties("${file}" PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
endforeach()

# Shell tests drive the programs; those of tests/house look at the build itself.
set(shell_tests tests/cli/*.sh tests/e2e/*.sh)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND shell_tests tests/python/*.sh tests/house/*.sh)
endif()
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS ${shell_tests})
foreach(file ${files})
  string(REGEX REPLACE "^tests/(.*)\\.sh$" "\\1" name "${file}")
  list_test(${name} shell "${file}")
endforeach()

# The long form of a load: `make test-all` runs it alone.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list_test(e2e/server_load_minute load tests/e2e/server_load.sh 60)
endif()

# Load on a service that runs: not a benchmark by itself (tests/e2e/server_load.sh and
# tools/measure_service drive it).
source_program(load_server bench bench/load/load_server.c bench/load/client.c bench/load/cores.c
               bench/load/pure.c)

# Benchmarks share bench/harness.c, which says how they were compiled.
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS bench/bench_*.c)
string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
foreach(file ${files})
  get_filename_component(name "${file}" NAME_WE)
  source_program(${name} bench "${file}" bench/harness.c)
  target_compile_definitions(${name} PRIVATE
    "BENCH_FLAGS=\"${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_C_FLAGS_${type}}\"")
endforeach()

foreach(folder examples)
  file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS ${folder}/*.c)
  foreach(file ${files})
    get_filename_component(name "${file}" NAME_WE)
    source_program(${folder}_${name} ${folder} "${file}")
    # Each line of the .expected file is a regular expression that the output must match.
    set(expected "tests/examples/${name}.expected")
    if(folder STREQUAL "examples" AND EXISTS "${PROJECT_SOURCE_DIR}/${expected}")
      list_test(examples/${name} shell tests/examples/expect.sh ${expected}
        "${PROJECT_BINARY_DIR}/examples/${name}")
    endif()
  endforeach()
endforeach()

file(WRITE "${PROJECT_BINARY_DIR}/tests.list" "${tests_list}")
