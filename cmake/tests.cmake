# SPDX-License-Identifier: Apache-2.0
# Test programs, fuzz targets, benchmarks and examples. Every test is known to ctest and
# stands in <build>/tests.list, which tools/run_tests reads: name, kind, command; tab between.

pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(gmp REQUIRED IMPORTED_TARGET gmp)

set(tests_list "")
# Some test the commands themselves.
set(test_libraries ${cli_archive} service_static rooms_static)

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

# many_names(folder output file...): the files have a main() each, and are one program (tests/many.h);
# <build>/<folder>/<name of file> is a link to it.
function(many_names folder output)
  foreach(file ${ARGN})
    get_filename_component(name "${file}" NAME_WE)
    set_source_files_properties("${file}" PROPERTIES
      COMPILE_OPTIONS "-include;${PROJECT_SOURCE_DIR}/tests/many.h"
      COMPILE_DEFINITIONS TEST_NAME=${name}
      OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/tests/many.h")
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/${folder}")
    file(CREATE_LINK ${output} "${PROJECT_BINARY_DIR}/${folder}/${name}" SYMBOLIC)
  endforeach()
endfunction()

# room_program(target folder output file...): one executable <build>/<folder>/<output> of many
# files, each with a main() of its own (tests/many.h), and a link to it named as each of them.
# A link per file would be 170 of them after any change in a low room; this makes about thirty.
function(room_program target folder output)
  file(GLOB own RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS ${folder}/*.c)
  list(FILTER own EXCLUDE REGEX "/(test|check|ctgrind|make|fuzz)_[a-z0-9_]*\\.c$")
  source_program(${target} ${folder} tests/many.c tests/heap.c tests/force.c ${ARGN} ${own})
  target_link_options(${target} PRIVATE
    -Wl,--wrap=free -Wl,--wrap=posix_memalign -Wl,--wrap=fsync)
  if(folder STREQUAL "tests/client")
    target_link_options(${target} PRIVATE -Wl,--wrap=curl_easy_setopt)
  elseif(folder STREQUAL "tests/cli")
    target_link_options(${target} PRIVATE -Wl,--wrap=cli_options_parse)
  endif()
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output})
  target_link_libraries(${target} PRIVATE PkgConfig::cmocka)
  many_names(${folder} ${output} ${ARGN})
endfunction()

# tests/<room>/test_*.c and check_*.c are run. ctgrind_*.c mark their secrets as undefined for
# valgrind. make_*.c write golden files; they are built, so that they stay correct, not run.
# Other files of a room are help for these.
include(CheckIncludeFile)
check_include_file(valgrind/memcheck.h have_memcheck)
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
  tests/*/test_*.c tests/*/check_*.c tests/*/ctgrind_*.c
  tests/*/make_*.c)
if(NOT have_memcheck OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  list(FILTER files EXCLUDE REGEX "/ctgrind_")
endif()
set(folders "")
foreach(file ${files})
  string(REGEX REPLACE "^tests/(.*)\\.c$" "\\1" name "${file}")
  get_filename_component(folder "${file}" DIRECTORY)
  list(APPEND folders ${folder})
  list(APPEND files_${folder} ${file})
  if(name MATCHES "/ctgrind_")
    list_test(${name} ctgrind "${PROJECT_BINARY_DIR}/tests/${name}")
  elseif(NOT name MATCHES "/make_")
    list_test(${name} program "${PROJECT_BINARY_DIR}/tests/${name}")
  endif()
endforeach()
list(REMOVE_DUPLICATES folders)
foreach(folder ${folders})
  string(REPLACE "/" "_" target ${folder})
  room_program(${target} ${folder} tests ${files_${folder}})
endforeach()

# Fuzz targets, together `fuzz_targets`: with libFuzzer, one each, in the Fuzz build; else one
# program that replays tests/fuzz/corpus/<name>/.
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
add_custom_target(fuzz_targets)
foreach(file ${files})
  get_filename_component(target "${file}" NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" name "${target}")
  if(CMAKE_BUILD_TYPE STREQUAL "Fuzz")
    source_program(${target} fuzz "${file}")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets ${target})
    # The fuzzer's entry point has no header of its own.
    set_source_files_properties("${file}" PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
  else()
    # Files that other tests keep good are seeds as well.
    file(STRINGS tests/fuzz/seeds.txt seeds REGEX "^${name} ")
    string(REPLACE "${name} " "" seeds "${seeds}")
    list_test(fuzz/${name} program "${PROJECT_BINARY_DIR}/tests/fuzz/${target}"
      tests/fuzz/corpus/${name} ${seeds})
  endif()
endforeach()
if(files AND NOT CMAKE_BUILD_TYPE STREQUAL "Fuzz")
  room_program(tests_fuzz tests/fuzz replay ${files})
  target_compile_definitions(tests_fuzz PRIVATE TEST_FUZZ)
  add_dependencies(fuzz_targets tests_fuzz)
endif()

# Shell tests drive the programs; those of tests/house look at the build itself.
set(shell_tests tests/cli/*.sh tests/e2e/*.sh)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND shell_tests tests/python/*.sh tests/house/*.sh tests/web/*.sh)
endif()
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS ${shell_tests})
list(FILTER files EXCLUDE REGEX "tests/(house/(reproducible|deb)|python/many|e2e/container).sh")
foreach(file ${files})
  string(REGEX REPLACE "^tests/(.*)\\.sh$" "\\1" name "${file}")
  list_test(${name} shell "${file}")
endforeach()

# What takes minutes: the long form of a load, two whole builds, a hundred broken programs.
# `make test-all` runs each alone.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list_test(house/mutants load tools/mutate ${PROJECT_BINARY_DIR})
  list_test(house/reproducible load tests/house/reproducible.sh)
  list_test(house/deb load tests/house/deb.sh)
  list_test(e2e/container load tests/e2e/container.sh)
  list_test(python/many load tests/python/many.sh)
  list_test(e2e/server_load_minute load tests/e2e/server_load.sh 60)
  list_test(e2e/server_kills_many load tests/e2e/server_kills.sh 200)
  list_test(house/prove_all load tests/house/prove.sh all)
endif()

# Load on a service that runs: not a benchmark by itself (tests/e2e/server_load.sh and
# tools/measure_service drive it).
source_program(load_server bench bench/load/load_server.c bench/load/client.c bench/load/cores.c
               bench/load/pure.c)

# Benchmarks share bench/harness.c, which says how they were compiled.
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS bench/bench_*.c)
string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
source_program(benches bench tests/many.c bench/harness.c ${files})
set_target_properties(benches PROPERTIES OUTPUT_NAME benches)
target_compile_definitions(benches PRIVATE
  "BENCH_FLAGS=\"${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_C_FLAGS_${type}}\"")
many_names(bench benches ${files})

# Our submission to the FHE benchmarking suite: seven programs over blindsight.h, for its harness
# (bench/fhe-suite/README.md). Those of the server link an archive that knows no secret key.
file(GLOB files RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
  bench/fhe-suite/client_*.c bench/fhe-suite/server_*.c)
add_custom_target(fhe_suite)
foreach(file ${files})
  get_filename_component(name "${file}" NAME_WE)
  add_executable(${name} "${file}" bench/fhe-suite/suite.c)
  set(library rooms_static)
  if(name MATCHES "^server_")
    set(library evaluation_static)
  endif()
  target_link_libraries(${name} PRIVATE blindsight_flags ${library})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench/fhe-suite")
  add_dependencies(fhe_suite ${name})
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
