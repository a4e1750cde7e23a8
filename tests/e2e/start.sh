#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/start.md, as it stands but for the machine's name and port: every command runs, and prints what
# the page says it prints.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in curl openssl python3; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
. "$root/tests/web/package.inc"
# As `make install` puts them: --web finds the page that belongs to its program.
mkdir -p installed/bin installed/share/blindsight
cp "$BUILD/blindsight" "$BUILD/blindsight-server" installed/bin
"$root/tools/pack_web" "$root/build/web" package installed/share/blindsight/web
PATH=$work/installed/bin:$PATH
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
cp "$data" patients.csv

# commands.sh says "@@@ N" before the output of command N; expected.N is what the page shows.
python3 - "$root/docs/start.md" "$(free_port)" <<'PY' || exit 1
import sys
page, port = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
commands = []
for block in page.split("```console\n")[1:]:
    lines = block.split("```")[0].splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command = command[:-1] + lines.pop(0)
            commands.append((command, []))
        else:
            commands[-1][1].append(line)
def here(text):
    return text.replace("models.example.org", "localhost").replace("8443", port)
with open("commands.sh", "w", encoding="utf-8") as script:
    script.write("set -eu\ntrap 'kill $! 2>/dev/null || :' EXIT\n")
    for number, (command, expected) in enumerate(commands):
        script.write(f"echo '@@@ {number}'\n")
        if command.endswith("&"):
            script.write(here(command[:-1]) + ">serve.log 2>&1 &\n"
                         "until grep -q 'serving on' serve.log; do kill -0 $!; sleep 0.1; done\n"
                         "cat serve.log\n")
        else:
            script.write(here(command) + " 2>&1\n")
        with open(f"expected.{number}", "w", encoding="utf-8") as file:
            file.write("\n".join(map(here, expected)))
print(len(commands))
PY
holds "they are ten" [ "$(grep -c '^echo .@@@' commands.sh)" = 10 ]
run timeout 250 bash commands.sh
holds "the commands (exit code $rc)" [ "$rc" = 0 ]
python3 - "$log.out" >said <<'PY'
import re, sys
parts = re.split(r"^@@@ (\d+)\n", open(sys.argv[1], encoding="utf-8").read(), flags=re.M)[1:]
wrong = 0
for number, out in zip(parts[::2], parts[1::2]):
    lines = [line.rstrip() for line in out.splitlines()]
    at = 0
    for wanted in open(f"expected.{number}", encoding="utf-8").read().splitlines():
        pattern = ".*".join(map(re.escape, wanted.rstrip().split("…")))
        if wanted == "…":
            continue
        found = next((i for i in range(at, len(lines)) if re.fullmatch(pattern, lines[i])), None)
        if found is None:
            print(f"command {number} does not print: {wanted}")
            wrong += 1
        else:
            at = found + 1
print(f"{wrong} lines are wrong")
PY
cp said "$log.out"
says "every line is as the page has it" "^0 lines are wrong"
finish
