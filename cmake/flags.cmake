# SPDX-License-Identifier: Apache-2.0
# Language, warnings and the build types: Release, Debug, Asan, Fuzz (clang only).

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(sanitize "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")
# -O3 was measured on the kernels: no gain in the vector ones, a tenth in the scalar ones.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -DBASE_DEBUG")
set(CMAKE_C_FLAGS_ASAN "-O1 -g -DBASE_DEBUG ${sanitize}")
set(CMAKE_C_FLAGS_FUZZ "-O1 -g -DBASE_DEBUG ${sanitize} -fsanitize=fuzzer-no-link")

# What is released defends itself against the faults it may have: canaries, checked copies, stacks
# that cannot jump over their guard page, marked targets of indirect calls and returns, tables of
# addresses that are read-only before main. docs/performance.md has the cost; tests/house/hardening.sh
# reads the binaries.
include(CheckPIESupported)
check_pie_supported()
set(hardening -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE
  -D_FORTIFY_SOURCE=2)
set(hardening_link -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  list(APPEND hardening -fcf-protection=full)
  # Debian's start-up files carry no marks, which takes ours from what is linked with them. They
  # hold nothing that a shadow stack minds; of indirect branches only a system can say that.
  list(APPEND hardening_link -Wl,-z,shstk)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  list(APPEND hardening -mbranch-protection=standard)
endif()
option(BLINDSIGHT_HARDENING "harden Release builds (off: to measure what it costs)" ON)
if(BLINDSIGHT_HARDENING)
  add_compile_options("$<$<CONFIG:Release>:${hardening}>")
  add_link_options("$<$<CONFIG:Release>:${hardening_link}>")
endif()

# The same bytes wherever the sources and the build lie (tests/house/reproducible.sh).
add_compile_options("-ffile-prefix-map=${PROJECT_BINARY_DIR}=build"
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, Asan or Fuzz" FORCE)
endif()

# Nothing of this reaches those who use the installed libraries.
add_library(blindsight_flags INTERFACE)
target_compile_options(blindsight_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla
  -Wpointer-arith -Wcast-align -Wundef -Wwrite-strings
  -Wimplicit-fallthrough -Wformat=2)
if(BLINDSIGHT_WERROR)
  target_compile_options(blindsight_flags INTERFACE -Werror)
endif()
target_include_directories(blindsight_flags INTERFACE
  "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")

# Calls of the libraries must do in a thread with a stack of 128 KiB: no frame of ours above 16.
# (Of our rooms only; sanitizers make frames of their own size.)
set(small_frames "")
if(CMAKE_BUILD_TYPE MATCHES "^(Release|Debug)$")
  set(small_frames -Wframe-larger-than=16384)
endif()

# The exact arithmetic on doubles holds only if the compiler neither fuses nor splits
# operations on its own (docs/design: arithmetic).
set(exact_rooms ckks eval encoding network plan compile train onnx trees)
set(no_contraction -ffp-contract=off)
