#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/check_layers keeps quiet about a tree that obeys its card and names each offence in one
# that does not.
set -eu
root=$(pwd)
cd "$TEST_TMP"
passed=0 failed=0

# Three rooms: low is below everybody, left and right are strangers.
mkdir -p include src/low src/left src/right build
cat >LAYERS <<'CARD'
low:   | heap
left:  low
right: low
left >< right
libc = memcpy strlen
math = sqrt
heap = malloc mall*
CARD
echo '#define CKKS_API' >include/ckks.h
echo 'CKKS_API int ckks_open(void);' >>include/ckks.h

# offer FILE TEXT: writes and compiles one file.
offer() {
  printf '%s\n' "$2" >"$1"
  mkdir -p "build/$(dirname "$1")"
  ${CC:-cc} -w -Iinclude -Isrc -fno-builtin -c "$1" -o "build/$1.o"
}
obedient() {
  offer src/low/a.c '#include "ckks.h"
    void *malloc(unsigned long); void *low_a(void) { return malloc(1); }
    int ckks_open(void) { return 0; }'
  offer src/left/a.c 'void *low_a(void); static int quiet(void) { return 1; }
    void *left_a(void) { return quiet() ? low_a() : 0; }'
  offer src/right/a.c 'void *low_a(void); int strlen(const char *);
    void *right_a(void) { return strlen("") ? low_a() : 0; }'
}
expect() { # expect WHAT EXIT-CODE PATTERN
  rc=0
  out=$("$root/tools/check_layers" build . 2>&1) || rc=$?
  if [ "$rc" = "$2" ] && printf '%s\n' "$out" | grep -q -- "$3"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s: exit code %s, expected %s and "%s":\n%s\n' "$1" "$rc" "$2" "$3" "$out"
  fi
  obedient
}

obedient
expect "an obedient tree" 0 "3 object files keep to the card"
offer src/left/a.c 'int other(void) { return 0; }'
expect "a foreign prefix" 1 "src/left/a.c: exports other"
offer src/low/a.c 'int left_a(void); int low_a(void) { return left_a(); }'
expect "a call upwards" 1 "src/low/a.c: low may not call left, but uses left_a"
offer src/left/a.c 'int left_b(void); int left_a(void) { return left_b(); }'
offer src/left/b.c 'int left_c(void); int left_b(void) { return left_c(); }'
offer src/left/c.c 'int left_a(void); int left_c(void) { return left_a(); }'
expect "a circle of three files" 1 \
  "a circle: src/left/[abc].c -> src/left/[abc].c -> src/left/[abc].c -> src/left/[abc].c"
rm src/left/b.c src/left/c.c
offer src/left/a.c 'int left_b(void) { return 0; }'
expect "a name of another file" 1 "src/left/a.c: exports left_b, whose name says another file"
offer src/left/a_more.c 'int left_a_b(void) { return 0; }'
mkdir -p src/left/b
offer src/left/b/fast.c 'int left_b_fast(void) { return 0; }'
expect "names of a family of files, of a folder" 0 "5 object files"
rm -r src/left/a_more.c src/left/b
echo 'strays = left_b left_x*' >>LAYERS
offer src/left/a.c 'int left_b(void) { return 0; } int left_xyz(void) { return 0; }'
expect "strays that the card knows" 0 "3 object files"
offer src/left/a.c 'int right_b(void); int left_a(void) { return right_b(); }'
expect "a call upwards to what is not there yet" 1 "left may not call right"
offer src/left/a.c 'void *malloc(unsigned long); void *left_a(void) { return malloc(1); }'
expect "an outside name" 1 "src/left/a.c: left may not use the outside name malloc"
offer src/left/a.c 'int __strlen_chk(int); int left_a(void) { return __strlen_chk(1); }'
expect "a checked form of an allowed name" 0 "3 object files"
offer src/left/a.c 'int __read_chk(int); int left_a(void) { return __read_chk(1); }'
expect "a checked form of another" 1 "left may not use the outside name read"
offer src/left/a.c 'int socket(int, int, int); int left_a(void) { return socket(1, 1, 1); }'
expect "a socket" 1 "left may not use the outside name socket"
offer src/right/main.c 'int right_program(void) { return 0; }'
offer src/right/other_main.c 'int right_program(void) { return 1; }'
expect "a name of which each program has its own" 0 "5 object files"
rm src/right/*main.c
offer src/right/a.c 'int right_a(void) { return 0; } int ckks_open(void) { return 0; }'
expect "a name exported twice" 1 "ckks_open is exported by src/low/a.c and by src/right/a.c"
offer src/left/a.c '#include "right/a.h"
  int left_a(void) { return 0; }' 2>/dev/null || true
expect "a header of a stranger" 1 "src/left/a.c:1: left may not include right/a.h"
echo '#include "a.h"' >src/left/b.h
expect "a header without its room" 1 'src/left/b.h:1: "a.h" is neither public'
rm src/left/b.h
# Nobody calls a stranger, but a room between them does: left -> low -> right.
echo 'low: right | heap' >>LAYERS
offer src/low/a.c 'int right_a(void); int low_a(void) { return right_a(); }'
expect "a way between strangers" 1 \
  "left reaches its stranger right: src/left/a.c -> src/low/a.c -> src/right/a.c"
rm src/right/a.c
expect "a leftover object does not count" 0 "2 object files"
echo "a line that says nothing" >>LAYERS
expect "a card that cannot be read" 1 "LAYERS:[0-9]*: neither a room"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
