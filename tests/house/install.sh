#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed can be used from elsewhere: through pkg-config, shared and static, through
# CMake's find_package, and after the whole tree has been moved.
set -u
passed=0 failed=0
check() { # check WHAT COMMAND...
  what=$1
  shift
  if "$@" >"$TEST_TMP/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$what:"
    cat "$TEST_TMP/log"
  fi
}

check "install" env DESTDIR="$TEST_TMP/first" cmake --install "$BUILD" --prefix /opt/b
mv "$TEST_TMP/first/opt/b" "$TEST_TMP/moved"
prefix=$TEST_TMP/moved
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name libckks.pc)")
libraries=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH

cat >"$TEST_TMP/user.c" <<'C'
#include <ckks.h>
#include <stdio.h>
int main(void) {
  ckks_params *params = NULL;
  ckks_status status = ckks_params_build_depth(&params, 1, 30);
  ckks_params_free(params);
  printf("%s %s\n", ckks_version(), status == CKKS_OK ? "ok" : ckks_last_error());
  return status != CKKS_OK;
}
C
mkdir "$TEST_TMP/project"
cp "$TEST_TMP/user.c" "$TEST_TMP/project"

for name in ckks blindsight; do
  [ -f "$PKG_CONFIG_PATH/lib$name.pc" ] || continue
  check "lib$name, shared" ${CC:-cc} -o "$TEST_TMP/shared" "$TEST_TMP/user.c" \
    $(pkg-config --cflags --libs lib$name)
  check "lib$name, shared, runs" env LD_LIBRARY_PATH="$libraries" "$TEST_TMP/shared"
  # The archive by name, what it needs from pkg-config.
  check "lib$name, static" ${CC:-cc} -o "$TEST_TMP/static" "$TEST_TMP/user.c" \
    $(pkg-config --static --cflags --libs lib$name | sed "s/-l$name/-l:lib$name.a/")
  check "lib$name, static, runs" env LD_LIBRARY_PATH= "$TEST_TMP/static"

  cat >"$TEST_TMP/project/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.18)
project(user C)
find_package($name 0.1 REQUIRED)
add_executable(with_shared user.c)
target_link_libraries(with_shared $name::$name)
add_executable(with_static user.c)
target_link_libraries(with_static $name::${name}_static)
CMAKE
  folder=$TEST_TMP/$name-build
  check "find_package($name)" cmake -S "$TEST_TMP/project" -B "$folder" \
    -DCMAKE_PREFIX_PATH="$prefix"
  check "build with find_package($name)" cmake --build "$folder"
  check "$name::$name runs" "$folder/with_shared"
  check "$name::${name}_static runs" "$folder/with_static"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
