#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed can be used from elsewhere, from C and C++: through pkg-config, shared and
# static, through CMake's find_package, and after the whole tree has been moved. There is one copy
# of the scheme in a process, whose functions may have the names of ours.
# shellcheck disable=SC1091,SC2034 # not followed
. tests/house/check.inc

check "install" env DESTDIR="$TEST_TMP/first" cmake --install "$BUILD" --prefix /opt/b
mv "$TEST_TMP/first/opt/b" "$TEST_TMP/moved"
prefix=$TEST_TMP/moved
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name libckks.pc)")
libraries=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH

cat >"$TEST_TMP/ckks.c" <<'C'
#include <ckks.h>
#include <stdio.h>
/* Names that the library has for functions of its own. */
int base_fail(void), ring_ring_build(void), secret_encrypt(void);
int base_fail(void) { return 1; }
int ring_ring_build(void) { return 2; }
int secret_encrypt(void) { return 3; }
int main(void) {
  ckks_params *params = NULL;
  ckks_status status = ckks_params_build_depth(&params, 1, 30);
  ckks_params_free(params);
  printf("%s %s\n", ckks_version(), status == CKKS_OK ? "ok" : ckks_last_error());
  return status != CKKS_OK || base_fail() + ring_ring_build() + secret_encrypt() != 6;
}
C
# What libblindsight refuses, ckks_last_error() tells; what libckks refuses, too.
cat >"$TEST_TMP/blindsight.c" <<'C'
#include <blindsight.h>
#include <stdio.h>
#include <string.h>
int blindsight(void), exec_infer(void), model_clear(void);
int blindsight(void) { return 1; }
int exec_infer(void) { return 2; }
int model_clear(void) { return 3; }
int main(void) {
  blindsight_model *model = NULL;
  ckks_params *params = NULL;
  if (blindsight_model_load(&model, "/nowhere/is.model") == CKKS_OK ||
      strstr(ckks_last_error(), "/nowhere/is.model") == NULL)
    return 1;
  if (ckks_params_read(&params, (const uint8_t *)"no frame", 8) == CKKS_OK ||
      strstr(ckks_last_error(), "nowhere") != NULL || ckks_last_error()[0] == 0)
    return 2;
  printf("%s\n", ckks_last_error());
  return blindsight() + exec_infer() + model_clear() != 6;
}
C
for name in ckks blindsight; do
  sed 's/(void), /(void); int /g' "$TEST_TMP/$name.c" >"$TEST_TMP/$name.cc"
  for language in c cc; do
    [ $language = c ] && compiler=${CC:-cc} || compiler=${CXX:-c++}
    command -v "$compiler" >/dev/null || { echo "SKIP no $compiler"; continue; }
    user=$TEST_TMP/$name.$language
    check "lib$name, shared, $language" $compiler -o "$TEST_TMP/shared" "$user" \
      $(pkg-config --cflags --libs lib$name)
    check "lib$name, shared, $language, runs" env LD_LIBRARY_PATH="$libraries" "$TEST_TMP/shared"
    # The archives by name, what they need from pkg-config.
    check "lib$name, static, $language" $compiler -o "$TEST_TMP/static" "$user" \
      $(pkg-config --static --cflags --libs lib$name |
        sed 's/-l\(ckks\|blindsight\)\( \|$\)/-l:lib\1.a\2/g')
    check "lib$name, static, $language, runs" env LD_LIBRARY_PATH= "$TEST_TMP/static"
    mkdir -p "$TEST_TMP/project"
    cp "$user" "$TEST_TMP/project/user.$language"
  done
  cat >"$TEST_TMP/project/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.18)
project(user C)
include(CheckLanguage)
check_language(CXX)
set(languages c)
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
  list(APPEND languages cc)
endif()
find_package($name 0.1 REQUIRED)
foreach(language \${languages})
  add_executable(shared_\${language} user.\${language})
  target_link_libraries(shared_\${language} $name::$name)
  add_executable(static_\${language} user.\${language})
  target_link_libraries(static_\${language} $name::${name}_static)
endforeach()
CMAKE
  folder=$TEST_TMP/$name-build
  check "find_package($name)" cmake -S "$TEST_TMP/project" -B "$folder" \
    -DCMAKE_PREFIX_PATH="$prefix"
  check "build with find_package($name)" cmake --build "$folder"
  for program in "$folder"/shared_c* "$folder"/static_c*; do
    check "$program" "$program"
  done
done
# A library that holds ours shows nothing of it but what its header declares.
check "a shared object of the archive" ${CC:-cc} -shared -fPIC -o "$TEST_TMP/whole.so" \
  -Wl,--whole-archive "$libraries/libckks.a" -Wl,--no-whole-archive -lsodium -lm -pthread
nm -D -P --defined-only "$TEST_TMP/whole.so" | cut -d ' ' -f 1 | sort >"$TEST_TMP/shown"
tools/public_symbols include/ckks.h >"$TEST_TMP/public"
check "its names" diff "$TEST_TMP/public" "$TEST_TMP/shown"
# Another libckks than the one it was built with is refused by name.
sed 's/CKKS_PRIVATE_[0-9.]*/CKKS_PRIVATE_0.0.9/' "$BUILD/libckks.shared" >"$TEST_TMP/older.version"
check "an older libckks" ${CC:-cc} -shared -fPIC -o "$TEST_TMP/older.so" -x c "$BUILD/libckks_lent.c" \
  -Wl,-soname,libckks.so.0.1 -Wl,--version-script="$TEST_TMP/older.version" -x none \
  -Wl,--unresolved-symbols=ignore-all
cp "$TEST_TMP/older.so" "$libraries/$(readelf -d "$BUILD/libckks.so" |
  sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"
refused() {
  ! LD_LIBRARY_PATH=$libraries "$TEST_TMP/shared" >"$TEST_TMP/refusal" 2>&1 &&
    grep "version .CKKS_PRIVATE_.* not found" "$TEST_TMP/refusal"
}
check "is refused" refused
finish
