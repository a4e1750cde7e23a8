# SPDX-License-Identifier: Apache-2.0
# What `make install` brings besides libraries and programs: headers, pkg-config and CMake package
# files, man pages of programs (docs/man) and of the API (made here from the headers), shell
# completion, the pages of docs/, examples, the unit for systemd. tools/uninstall takes it all back.
include(CMakePackageConfigHelpers)

set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
# Relative, so that the installed tree may be moved.
file(RELATIVE_PATH pc_to_prefix "/prefix/${pc_dir}" "/prefix")

# package(name description lower requires.private more...): `lower` is the library of ours below
# it, or "". Of what is in `more`, CMake's package asks pkg-config; our own .pc file names the
# library alone, as the static form of the other's file would ask for all that its archive could
# need.
function(package name description lower requires)
  string(REPLACE " " ";" requires_list "${requires} ${ARGN}")
  string(REGEX REPLACE "(^|;)lib" " -l" private_libraries "${ARGN}")
  set(pc_lower "")
  set(find_lower "")
  if(lower)
    set(pc_lower "lib${lower} = ${PROJECT_VERSION}")
    set(find_lower "find_dependency(${lower} ${PROJECT_VERSION} EXACT)")
  endif()
  install(FILES "${PROJECT_SOURCE_DIR}/include/${name}.h" TYPE INCLUDE)
  configure_file(cmake/package.pc.in lib${name}.pc @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/lib${name}.pc" DESTINATION "${pc_dir}")
  configure_package_config_file(cmake/packageConfig.cmake.in ${name}Config.cmake
    INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/${name}")
  write_basic_package_version_file(${name}ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/${name}Config.cmake"
                "${PROJECT_BINARY_DIR}/${name}ConfigVersion.cmake"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/${name}")
endfunction()

package(ckks "The CKKS scheme for arithmetic on encrypted vectors" "" "libsodium")
package(blindsight "Private inference under CKKS" ckks "libsodium jansson" libcurl libpng)

# install_matching(destination pattern...)
function(install_matching destination)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  if(files)
    install(FILES ${files} DESTINATION "${destination}")
  endif()
endfunction()

install_matching("${CMAKE_INSTALL_MANDIR}/man1" "${PROJECT_SOURCE_DIR}/docs/man/*.1")
install_matching("${CMAKE_INSTALL_DATADIR}/zsh/site-functions"
                 "${PROJECT_SOURCE_DIR}/completion/_*")
# bash and fish look for a file named as the command.
foreach(command blindsight blindsight-infer blindsight-server)
  install(FILES completion/blindsight.bash RENAME "${command}"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES completion/blindsight.fish RENAME "${command}.fish"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endforeach()
install(FILES LICENSE NOTICE CHANGELOG.md README.md SECURITY.md CONTRIBUTING.md CITATION.cff TYPE DOC)
install_matching("${CMAKE_INSTALL_DOCDIR}" "${PROJECT_SOURCE_DIR}/docs/*.md")
install_matching("${CMAKE_INSTALL_DOCDIR}" "${PROJECT_SOURCE_DIR}/dist/haproxy.cfg")
install(DIRECTORY examples DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(man3 "${PROJECT_BINARY_DIR}/man3")
set(public_headers "${PROJECT_SOURCE_DIR}/include/ckks.h"
                   "${PROJECT_SOURCE_DIR}/include/blindsight.h")
add_custom_command(OUTPUT "${man3}/ckks.3" VERBATIM
  COMMAND "${PROJECT_SOURCE_DIR}/tools/man_pages" "${man3}" ${PROJECT_VERSION} ${public_headers}
  DEPENDS ${public_headers} "${PROJECT_SOURCE_DIR}/tools/man_pages")
add_custom_target(man_pages ALL DEPENDS "${man3}/ckks.3")
install(DIRECTORY "${man3}/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man3")

# The page for people, where `make wasm` has made it: serve --web finds it there.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/build/web/page/" OPTIONAL
        DESTINATION "${CMAKE_INSTALL_DATADIR}/blindsight/web")

# The unit names the program where it was installed, which is known only then.
set(unit "${PROJECT_BINARY_DIR}/blindsight.service")
install(CODE "
  file(READ \"${PROJECT_SOURCE_DIR}/dist/blindsight.service\" unit)
  string(REPLACE \"/usr/bin/\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" unit
         \"\${unit}\")
  file(WRITE \"${unit}\" \"\${unit}\")")
install(FILES "${unit}" DESTINATION lib/systemd/system)
