# SPDX-License-Identifier: Apache-2.0
# libckks is the scheme alone; libblindsight stands on it: one copy of the scheme in a process, one
# ckks_last_error(). Each comes shared and static from the same objects.
#
# Names. What is not public is called ckks_private_* or blindsight_private_* in the archives and
# hidden there. The shared libraries export what their headers declare, under the version node
# CKKS_0.1 (BLINDSIGHT_0.1); what libblindsight needs from inside libckks, libckks lends it under a
# node that carries the whole version, CKKS_PRIVATE_0.1.0, so that the loader refuses any other pair.
#
# While the major version is 0, each minor one may break what is compiled: it is part of the
# SONAME, and CMake's packages say the same (SameMinorVersion).
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(abi_version "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
else()
  set(abi_version "${PROJECT_VERSION_MAJOR}")
endif()

set(ckks_outside PkgConfig::sodium Threads::Threads m)
set(evaluation_outside ${ckks_outside} PkgConfig::jansson)
# The client's and that of tables; what evaluates and what serves needs neither.
set(blindsight_outside ${evaluation_outside} PkgConfig::curl PkgConfig::png)

# archive(target outside room...): the rooms as they are, for our own programs and tests.
function(archive target outside)
  room_objects(objects ${ARGN})
  if(objects)
    add_library(${target} STATIC ${objects})
    target_link_libraries(${target} PRIVATE ${outside})
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
  endif()
endfunction()

archive(rooms_static "${blindsight_outside}" ${ckks_rooms} ${blindsight_rooms})
# What evaluates never sees a secret key, nor a network in clear: that program links an archive
# without those rooms.
archive(evaluation_static "${evaluation_outside}"
  base rand ring ckks public eval encoding plan wire exec blindsight)
# The service is a program, not a library: what links it stands before the archive of its rooms.
archive(service_static "PkgConfig::service;${evaluation_outside}" ${service_rooms})

# library(name rooms outside [lower]): name_static and name_shared; `lower` is the library below.
function(library name rooms_of_library outside)
  set(lower ${ARGN})
  room_objects(objects ${rooms_of_library})
  set(tools "${PROJECT_SOURCE_DIR}/tools")
  set(stem "${PROJECT_BINARY_DIR}/lib${name}")
  set_source_files_properties("${stem}_lent.c" PROPERTIES GENERATED TRUE)
  add_library(${name}_static STATIC ${objects})
  set(lower_archive "")
  if(lower)
    add_dependencies(${name}_static ${lower}_static)
    set(lower_archive "$<TARGET_FILE:${lower}_static>")
  endif()
  add_custom_command(TARGET ${name}_static POST_BUILD VERBATIM
    COMMAND "${tools}/library_names" ${name} ${abi_version} "${CMAKE_OBJCOPY}"
            "$<TARGET_FILE:${name}_static>" "${PROJECT_SOURCE_DIR}/include/${name}.h"
            ${lower_archive}
    BYPRODUCTS "${stem}.names" "${stem}.version")

  if(lower)
    # From the archive, whose names are those that the lower library lends.
    file(CONFIGURE OUTPUT "lib${name}.c" CONTENT "extern int ${name}_has_no_other_source;\n")
    add_library(${name}_shared SHARED "${PROJECT_BINARY_DIR}/lib${name}.c")
    add_dependencies(${name}_shared ${name}_static)
    target_link_options(${name}_shared PRIVATE -Wl,--version-script=${stem}.version
      -Wl,--whole-archive "$<TARGET_FILE:${name}_static>" -Wl,--no-whole-archive)
    set_target_properties(${name}_shared PROPERTIES
      LINK_DEPENDS "$<TARGET_FILE:${name}_static>;${stem}.version" INSTALL_RPATH "\$ORIGIN"
      BUILD_WITH_INSTALL_RPATH TRUE)
    target_link_libraries(${name}_shared PUBLIC ${lower}_shared)
    target_link_libraries(${name}_static PUBLIC ${lower}_static)
    add_custom_command(TARGET ${name}_static POST_BUILD VERBATIM
      COMMAND "${tools}/library_lend" ${lower} ${PROJECT_VERSION} "${lower_archive}"
      BYPRODUCTS "${PROJECT_BINARY_DIR}/lib${lower}.lent" "${PROJECT_BINARY_DIR}/lib${lower}.shared"
                 "${PROJECT_BINARY_DIR}/lib${lower}_lent.c")
    # Its objects are the lower library's as they are, and the names it lends are known by now.
    add_dependencies(${lower}_shared ${name}_static)
  else()
    add_library(${name}_shared SHARED ${objects} "${stem}_lent.c")
    target_link_options(${name}_shared PRIVATE -Wl,--version-script=${stem}.shared)
    set_target_properties(${name}_shared PROPERTIES LINK_DEPENDS "${stem}.shared")
  endif()
  foreach(target ${name}_static ${name}_shared)
    target_link_libraries(${target} PRIVATE ${outside})
    target_include_directories(${target} INTERFACE
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C)
  endforeach()
  set_target_properties(${name}_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${abi_version} EXPORT_NAME ${name})
  target_link_options(${name}_shared PRIVATE -Wl,-Bsymbolic-functions -Wl,--no-undefined)
  install(TARGETS ${name}_shared ${name}_static EXPORT ${name}Targets)
  install(EXPORT ${name}Targets NAMESPACE ${name}::
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/${name}")
endfunction()

library(ckks "${ckks_rooms}" "${ckks_outside}")
library(blindsight "${blindsight_rooms}" "${blindsight_outside}" ckks)
