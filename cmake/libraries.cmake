# SPDX-License-Identifier: Apache-2.0
# libckks is the scheme alone; libblindsight holds it as well, so a program links one
# or the other, never both. Each comes shared and static from the same objects.

set(ckks_outside PkgConfig::sodium Threads::Threads m)
set(blindsight_outside ${ckks_outside} PkgConfig::jansson)
# The client's and that of tables; what evaluates and what serves needs neither.
set(client_outside ${blindsight_outside} PkgConfig::curl PkgConfig::png)

# library(name rooms outside header...)
function(library name rooms_of_library outside)
  room_objects(objects ${rooms_of_library})
  if(NOT objects)
    return()
  endif()
  foreach(kind SHARED STATIC)
    string(TOLOWER "${name}_${kind}" target)
    add_library(${target} ${kind} ${objects})
    target_link_libraries(${target} PRIVATE ${outside})
    target_include_directories(${target} INTERFACE
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C)
  endforeach()
  set_target_properties(${name}_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME ${name})
  target_link_options(${name}_shared PRIVATE -Wl,-Bsymbolic-functions -Wl,--no-undefined)
  install(TARGETS ${name}_shared ${name}_static EXPORT ${name}Targets)
  install(EXPORT ${name}Targets NAMESPACE ${name}::
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/${name}")
endfunction()

library(ckks "${ckks_rooms}" "${ckks_outside}")
library(blindsight "${blindsight_rooms}" "${client_outside}")

# What evaluates never sees a secret key, nor a network in clear: that program links an archive
# without those rooms.
set(evaluation_rooms base rand ring ckks public eval encoding plan wire exec)
room_objects(evaluation_objects ${evaluation_rooms})
if(evaluation_objects)
  add_library(evaluation_static STATIC ${evaluation_objects})
  target_link_libraries(evaluation_static PRIVATE ${blindsight_outside})
  set_target_properties(evaluation_static PROPERTIES LINKER_LANGUAGE C)
endif()

# The service is a program, not a library: what links it stands before the archive of its rooms.
room_objects(service_objects ${service_rooms})
if(service_objects)
  add_library(service_static STATIC ${service_objects})
  target_link_libraries(service_static PRIVATE PkgConfig::service ${blindsight_outside})
  set_target_properties(service_static PROPERTIES LINKER_LANGUAGE C)
endif()
