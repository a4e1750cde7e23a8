#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The help is the parser's own table; manual pages and completions must say the same. And what
# happens to command lines that are wrong.
# shellcheck disable=SC1091,SC2154,SC2012 # not followed; ls shows modes of known names
. tests/cli/check.inc
man=$root/docs/man bash=$root/completion/blindsight.bash zsh=$root/completion/_blindsight

run blindsight help
holds "help exits with 0" [ "$rc" = 0 ]
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$log.out" | grep -v '^help$')
holds "there are commands" [ "$(echo "$commands" | wc -l)" -ge 10 ]

# sorted option names of a text: --name
names() { grep -o -e '--[a-z][a-z0-9-]*' | sort -u | grep -v -e '^--help$'; }
same() { # same WHAT FILE: has the options in $log.options
  if difference=$(diff "$log.options" "$2"); then
    pass
  else
    failed=$((failed + 1))
    echo "$1 differs from --help (<):"
    echo "$difference" | grep '^[<>]'
  fi
}
for command in $commands; do
  works "$command --help" blindsight "$command" --help
  cp "$log.out" "$log.help"
  sed -n '/^options:/,$p' "$log.help" | sed -n 's/^  \(-.,\|   \) \(--[a-z0-9-]*\).*/\2/p' |
    names >"$log.options"
  works "help $command" blindsight help "$command"
  holds "help $command is $command --help" cmp "$log.out" "$log.help"
  # In mdoc an option is "Fl Fl name".
  sed -n 's/^\.It .*Fl Fl \([a-z0-9-]*\).*/--\1/p' "$man/blindsight-$command.1" | names >"$log.man"
  same "blindsight-$command.1" "$log.man"
  # Where the page says what is taken by default, the help says the same (and the code:
  # tests/cli/test_defaults.c).
  awk '/^\.It .*Fl Fl /{ name = $0; sub(/.*Fl Fl /, "", name); sub(/[ ,].*/, "", name) }
    /^\.It|^\.El/ && !/Fl Fl/ { name = "" }
    name != "" && match($0, /[0-9][0-9.e-]* by default/) {
      print name, substr($0, RSTART, RLENGTH - 11) }' "$man/blindsight-$command.1" |
    while read -r option value; do
      echo said >>"$TEST_TMP/said"
      awk -v option="--$option" '$1 == option || $2 == option { on = 1 }
        on { text = text $0 " " } on && /\)$/ { print text; exit }' "$log.help" |
        grep -q "[(:]${value}[;)]" || echo "$command --$option: $value in the page, not so in --help"
    done >"$log.defaults"
  holds "defaults of $command" [ ! -s "$log.defaults" ]
  cat "$log.defaults"
  grep -q "^\.It Xr blindsight-$command 1" "$man/blindsight.1" && pass ||
    fail "blindsight.1 does not name $command"
  bash -c ". '$bash'; _blindsight_options $command" | names >"$log.bash"
  same "blindsight.bash, $command" "$log.bash"
  sed -n "/^_blindsight_$command() {/,/^}/p" "$zsh" | names >"$log.zsh"
  same "_blindsight, $command" "$log.zsh"
  grep -q "^    '$command:" "$zsh" && pass || fail "_blindsight does not name $command"
  # Choices are the parser's too.
  sed -n 's/^ *\(-., \)* *\(--[a-z0-9-]*\) \([a-z0-9]*|[a-z0-9|]*\)\( .*\)*$/\2 \3/p' "$log.help" |
    while read -r option choices; do
      wanted=$(echo "$choices" | tr '|' ' ')
      offered=$(bash -c ". '$bash'; _blindsight_values $command $option")
      [ "$wanted" = "$offered" ] || echo "$command $option: $wanted, completion: $offered"
      grep -q "'$option\[.*:($wanted)'" "$zsh" || echo "$command $option: not so in _blindsight"
    done >"$log.choices"
  holds "choices of $command" [ ! -s "$log.choices" ]
  [ ! -s "$log.choices" ] || cat "$log.choices"
done
# Each program goes by its own name, and by that of the command where it has several.
for command in serve token audit; do
  run blindsight-server $command --help
  holds "blindsight-server $command" grep -q "^usage: blindsight-server $command " "$log.out"
done
works "the server's help" blindsight-server help
says "names its commands" '^  audit  '
works "of a command" blindsight-server help token
says "it is that" '^usage: blindsight-server token'
works "--help" blindsight-server --help
refused "a typing error" 2 "'sevre' is no command (did you mean 'serve'?)" blindsight-server sevre
refused "what it has not" 2 "'train' is no command; 'blindsight-server help'" blindsight-server train
run blindsight-server
holds "no command" [ "$rc" = 2 -a -s "$log.err" -a ! -s "$log.out" ]
run blindsight-infer --help
holds "blindsight-infer" grep -q "^usage: blindsight-infer SERVER" "$log.out"
holds "pages say defaults" [ "$(wc -l <"$TEST_TMP/said")" -ge 20 ]
bash -c ". '$bash'; echo \$_blindsight_commands" | tr ' ' '\n' | grep -v '^help$' >"$log.bash"
echo "$commands" >"$log.options"
same "commands of blindsight.bash" "$log.bash"
completed() { # completed WHAT EXPECTED WORD...
  what=$1 expected=$2
  shift 2
  words=$*
  found=$(bash -c ". '$bash'; compopt() { :; }; COMP_WORDS=($words); [ '$words' = '${words% }' ] ||
    COMP_WORDS+=(''); COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1)); _blindsight; echo \${COMPREPLY[*]}")
  holds "$what: $found" [ "$found" = "$expected" ]
}
completed "a command" "export" blindsight ex
completed "an option" "--label" blindsight train --la
completed "a choice" "throughput" blindsight encrypt --packing thr
completed "the other program" "--threads" blindsight-infer --thr
completed "the server's commands" "serve" blindsight-server se
completed "the server's options" "--listen" blindsight-server serve --lis
completed "what it does" "create" blindsight token cr
if command -v groff >/dev/null; then
  for page in "$man"/*.1; do
    groff -mdoc -Tascii -ww "$page" >/dev/null 2>"$log.err"
    holds "${page##*/} is well-formed" [ ! -s "$log.err" ]
  done
fi

version=$(sed -n 's/^#define CKKS_VERSION_[A-Z]* //p' "$root/include/ckks.h" | paste -sd .)
works "--version" blindsight --version
says "the version" "^blindsight $version$"
works "--version of blindsight-infer" blindsight-infer --version
says "the version" "^blindsight-infer $version$"
works "--help" blindsight --help
works "blindsight-infer --help" blindsight-infer --help
says "its own name" "^usage: blindsight-infer SERVER SAMPLE --output"

# --- wrong command lines
run blindsight
holds "no command" [ "$rc" = 2 -a -s "$log.err" -a ! -s "$log.out" ]
refused "a typing error" 2 "'trian' is no command (did you mean 'train'?)" blindsight trian
refused "no such command" 2 "'sing' is no command; 'blindsight help'" blindsight sing
refused "help of no such command" 2 "'sing' is no command" blindsight help sing
refused "a typing error in an option" 2 "train: unknown option --lable (did you mean --label?)" \
  blindsight train --lable x
refused "an unknown option" 2 "unknown option --colour$" blindsight train --colour=red
refused "an unknown letter" 2 "unknown option -x" blindsight inspect -x
refused "an operand too few" 2 "evaluate: DATA is missing" blindsight evaluate a.model
refused "an operand too many" 2 "inspect: 'b' is one argument too many" blindsight inspect a b
refused "an option that is needed" 2 "keygen: --output NAME is needed" blindsight keygen x.client
refused "no value" 2 "encrypt: --key needs a value (FILE)" blindsight encrypt a b --key
refused "a value too many" 2 "inspect: --json takes no value" blindsight inspect --json=yes a
refused "an empty value" 2 "--output: is empty" blindsight keygen x.client -o ""
refused "no number" 2 "--error x: must be a number 1e-09 to 1" blindsight compile m --error x
refused "a number out of range" 2 "--error 2: must be a number 1e-09 to 1" \
  blindsight compile m --error 2
refused "not a number at all" 2 "--headroom nan: must be" blindsight compile m --headroom nan
refused "no whole number" 2 "--epochs 1e3: must be a whole number 1 to 1000000" \
  blindsight train --epochs 1e3
refused "a choice that is none" 2 "--security 129: must be one of 128|192|256" \
  blindsight compile m --security 129
refused "two forms at once" 2 "--csv and --json exclude each other" \
  blindsight decrypt a b --key k --csv --json
refused "widths" 1 "--hidden 16,0: must be widths" \
  blindsight train "$data" --label diagnosis -o x --hidden 16,0
refused "an activation" 1 "--activation relu: must be" \
  blindsight train "$data" --label diagnosis -o x --activation relu
# Completions are made of the help, for all three programs.
for shell in bash zsh fish; do
  case $shell in zsh) file=_blindsight ;; *) file=blindsight.$shell ;; esac
  "$root/tools/complete" "$BUILD" $shell >"$log.made"
  holds "completion/$file is what tools/complete BUILD $shell prints" \
    diff "$root/completion/$file" "$log.made"
  if command -v $shell >/dev/null; then
    holds "$shell reads it" $shell -n "$root/completion/$file"
  else
    skip "no $shell"
  fi
done
for program in blindsight blindsight-infer blindsight-server; do
  holds "$program in all" sh -c "grep -q 'complete .*$program' '$bash' && \
    grep -q '^#compdef .*$program' '$zsh' && grep -q '^complete -c $program ' '$root/completion/blindsight.fish'"
done
if command -v fish >/dev/null; then
  found=$(XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work fish -c "source '$root/completion/blindsight.fish'
    complete -C 'blindsight-server token create --sco'" 2>/dev/null | cut -f 1)
  holds "fish completes: $found" [ "$found" = --scope ]
fi
finish
