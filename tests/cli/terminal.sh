#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a terminal shows while work goes on: a bar, or since when, in one line as wide as the terminal
# at most, which is taken away at the end; nothing of it where there is no terminal.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
shows() { # shows COLUMNS COMMAND...: lines in $log.out
  run python3 "$root/tests/cli/terminal.py" "$@"
}
widest() { sed -n 's/^\([0-9]*\)	.*/\1/p' "$log.out" | sort -n | tail -n 1; }
for columns in 24 60 200; do
  shows $columns blindsight train "$data" --label diagnosis -o wdbc.model
  holds "$columns columns" [ "$rc" = 0 ]
  says "a bar" '	\[#*\.*\] *[0-9]* %  '
  says "that is full at the end" '	\[#*\] 100 %'
  says "and goes" '^cleared$'
  holds "no line of $columns columns is longer" [ "$(widest)" -lt $columns ]
done
says "with what it says" 'loss [0-9.]*, validation [0-9.]*, accuracy [0-9.]*$'
works "no bar without a terminal" blindsight train "$data" --label diagnosis -o wdbc.model

# Work that cannot say how far it is, made long by many rows.
head -n 1 "$data" >many.csv
for _ in 1 2 3 4 5 6 7 8 9 10; do tail -n +2 "$data"; done >ten.csv
cat ten.csv ten.csv ten.csv ten.csv >>many.csv
shows 24 blindsight simulate wdbc.model many.csv
holds "it works" [ "$rc" = 0 ]
says "since when" '	\[   1 s\] simulating$'
says "and on" '	\[   2 s\] simulating$'
says "and goes" '^cleared$'
works "nothing without a terminal" blindsight simulate wdbc.model "$data"

# A search knows how many layouts there are: a bar for it, once it has lasted.
run blindsight import "$root/examples/images/residual.onnx" --calibrate "$root/examples/images/one.png" \
  -o residual.model
holds "a network of images" [ "$rc" = 0 ]
for columns in 40 100; do
  shows $columns blindsight compile residual.model --packing latency --error 1e-2
  holds "compiles, $columns columns" [ "$rc" = 0 ]
  says "a bar, and since when" '	\[ *[0-9]* s\] \[#*\.*\] *[0-9]* %'
  says "and goes" '^cleared$'
  holds "no line of $columns columns is longer" [ "$(widest)" -lt $columns ]
done
says "what is tried" '\] *[0-9]* %  N = 2^[0-9]*, [a-z ]*: trying layouts$'
# A short one says nothing at all.
shows 80 blindsight inspect wdbc.model
holds "nothing for a moment" [ "$(grep -c '	' "$log.out")" = 0 ]
finish
