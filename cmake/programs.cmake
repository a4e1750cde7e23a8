# SPDX-License-Identifier: Apache-2.0
# The programs. The commands of src/cli are an archive, so that each program takes only
# those it names; blindsight-infer and blindsight-server find no symbol of the room `secret` to
# link.

if(cli IN_LIST rooms)
  add_library(cli_static STATIC $<TARGET_OBJECTS:room_cli>)
  set(cli_archive cli_static)
else()
  set(cli_archive "")
endif()

# program(name main libraries...)
function(program name main library)
  if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${main}" OR NOT TARGET ${library})
    return()
  endif()
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE blindsight_flags ${cli_archive} ${ARGN} ${library})
  install(TARGETS ${name})
endfunction()

program(blindsight src/cli/main.c rooms_static service_static)
program(blindsight-infer src/cli/infer_main.c evaluation_static)
program(blindsight-server src/cli/server_main.c evaluation_static service_static)
