#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every program has a page, every public function one that shows its declaration; what is installed
# goes again and takes nothing else with it. (That pages and --help agree: tests/cli/help.sh.)
# shellcheck disable=SC1091,SC2034 # not followed
. tests/house/check.inc
root=$TEST_TMP/root
prefix=$root/usr/local
check "install" env DESTDIR="$root" cmake --install "$BUILD" --prefix /usr/local
man=$prefix/share/man
for program in "$prefix"/bin/*; do
  name=$(basename "$program")
  check "$name.1" grep -q "^\.Nm $name\$" "$man/man1/$name.1"
done
# undeclared HEADER: functions whose page, by link or itself, does not show their declaration.
undeclared() {
  for function in $(tools/public_symbols "$1"); do
    page=$man/man3/$function.3
    if [ -f "$page" ]; then
      linked=$(sed -n 's/^\.so //p' "$page")
      [ -z "$linked" ] || page=$man/$linked
    fi
    grep -Eq "(^|[ *])$function\(" "$page" || echo "$function: not in $page"
  done >"$TEST_TMP/undeclared"
  cat "$TEST_TMP/undeclared"
  [ ! -s "$TEST_TMP/undeclared" ]
}
check "ckks.h has pages" undeclared include/ckks.h
check "blindsight.h has pages" undeclared include/blindsight.h
check "they say what the header says" grep -q '^ *The literal with every modulus filled in\.' \
  "$man/man3/ckks-parameters.3"
if command -v groff >/dev/null; then
  for page in "$man"/man1/*.1 "$man"/man3/*-*.3 "$man"/man3/ckks.3 "$man"/man3/blindsight.3; do
    case "$page" in *.1) macros=-mdoc ;; *) macros=-man ;; esac
    groff $macros -Tutf8 -ww "$page" 2>&1 >/dev/null | sed "s|^|$(basename "$page"): |"
  done >"$TEST_TMP/warnings"
  check "groff has nothing to say" diff /dev/null "$TEST_TMP/warnings"
fi
for page in wire-format.md security.md; do
  check "$page" cmp docs/$page "$prefix/share/doc/blindsight/$page"
done
check "examples" ls "$prefix/share/doc/blindsight/examples/tour.c"
check "the unit" grep -q '^ExecStart=/usr/local/bin/blindsight-server ' \
  "$prefix/lib/systemd/system/blindsight.service"

mkdir -p "$prefix/share/man/man7"
echo mine >"$prefix/share/man/man7/mine.7"
echo mine >"$prefix/bin/mine"
check "uninstall" tools/uninstall "$BUILD" /usr/local "$root"
(cd "$root" && find . ! -type d | sort) >"$TEST_TMP/left"
printf '%s\n' ./usr/local/bin/mine ./usr/local/share/man/man7/mine.7 >"$TEST_TMP/mine"
check "what is left is not ours" diff "$TEST_TMP/mine" "$TEST_TMP/left"
folders() {
  find "$prefix" -type d -empty >"$TEST_TMP/empty"
  diff /dev/null "$TEST_TMP/empty"
}
check "no empty folder is left" folders
finish
