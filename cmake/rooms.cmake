# SPDX-License-Identifier: Apache-2.0
# room(name): an object library room_<name> of all that src/<name> holds. Rooms that
# hold no source yet are left out of the variable `rooms`, which lists those there are.

find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(png REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
# Of the client alone.
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
# Of the server alone.
pkg_check_modules(service REQUIRED IMPORTED_TARGET libmicrohttpd sqlite3 gnutls zlib)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set(ckks_rooms base rand ring ckks secret public eval wire)
set(blindsight_rooms encoding plan exec network compile table onnx trees train client blindsight)
set(service_rooms server)
set(rooms "")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(kernel_x86 1)
else()
  set(kernel_x86 0)
endif()

# Only files whose name ends in an instruction set get its flags; kernel.c, scalar.c and chacha.c
# are told which of them are there.
function(kernel_flags file)
  if(file MATCHES "avx2\\.c$")
    set(flags -mavx2 -mfma)
  elseif(file MATCHES "avx512\\.c$")
    set(flags -mavx512f -mavx512dq -mavx512vl -mavx512ifma -mfma)
  else()
    set(flags "")
  endif()
  set_source_files_properties("${file}" PROPERTIES COMPILE_OPTIONS "${no_contraction};${flags}")
  if(file MATCHES "/ring/kernel\\.c$|/ring/kernel/scalar\\.c$")
    set_source_files_properties("${file}" PROPERTIES
      COMPILE_DEFINITIONS "RING_KERNEL_X86=${kernel_x86}")
  endif()
  if(file MATCHES "/rand/chacha\\.c$")
    set_source_files_properties("${file}" PROPERTIES
      COMPILE_DEFINITIONS "RAND_CHACHA_X86=${kernel_x86}")
  endif()
endfunction()

function(room name)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.c")
  if(NOT kernel_x86)
    list(FILTER files EXCLUDE REGEX "avx(2|512)\\.c$")
  endif()
  # The files with a main() belong to the programs.
  list(FILTER files EXCLUDE REGEX "/src/cli/(main|[a-z]+_main)\\.c$")
  if(NOT files)
    return()
  endif()
  add_library(room_${name} OBJECT ${files})
  target_link_libraries(room_${name} PRIVATE blindsight_flags PkgConfig::sodium PkgConfig::jansson)
  target_compile_options(room_${name} PRIVATE ${small_frames})
  if(name IN_LIST service_rooms)
    target_link_libraries(room_${name} PRIVATE PkgConfig::service)
  endif()
  if(name STREQUAL "client")
    target_link_libraries(room_${name} PRIVATE PkgConfig::curl)
  endif()
  if(name IN_LIST exact_rooms)
    target_compile_options(room_${name} PRIVATE ${no_contraction})
  endif()
  if(name MATCHES "^(rand|ring)$")
    foreach(file ${files})
      if(file MATCHES "/ring/kernel|/rand/chacha")
        kernel_flags("${file}")
      endif()
    endforeach()
  endif()
  set(rooms ${rooms} ${name} PARENT_SCOPE)
endfunction()

set(linked_rooms ${ckks_rooms} ${blindsight_rooms} ${service_rooms})
foreach(name ${linked_rooms} cli)
  room(${name})
endforeach()

# A folder that nobody links is a mistake.
file(GLOB folders RELATIVE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/src/*")
foreach(folder ${folders})
  if(NOT folder IN_LIST linked_rooms AND NOT folder MATCHES "^(cli|web)$")
    message(FATAL_ERROR "src/${folder} is in no library: name it in cmake/rooms.cmake and LAYERS")
  endif()
endforeach()

# room_objects(out room...): the objects of those rooms that have any.
function(room_objects out)
  set(objects "")
  foreach(name ${ARGN})
    if(name IN_LIST rooms)
      list(APPEND objects $<TARGET_OBJECTS:room_${name}>)
    endif()
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()
