# SPDX-License-Identifier: Apache-2.0
# Made by tools/complete from what --help says; tests/cli/help.sh compares.

_blindsight_commands="train import export evaluate simulate compile keygen encrypt infer decrypt predict inspect serve token audit calibrate demo help"
_blindsight_server_commands="serve token audit help"

# Options of a command.
_blindsight_options() {
  case $1 in
    train) echo "--label --output --model --task --drop --categories --hidden --activation --epochs --batch --rate --decay --l2 --trees --depth --min-rows --bins --sample-rows --sample-columns --patience --edges --seed --split-seed --frac --validation --json" ;;
    import) echo "--output --calibrate --bins --edges --label --output-name --input --outputs --mean --deviation --output-error --activation-error --max-degree --margin --fit --composite --json" ;;
    export) echo "--output" ;;
    evaluate) echo "--label --outputs --packing --json" ;;
    simulate) echo "--label --error --headroom --packing --out-of-range --seed --threads --json" ;;
    compile) echo "--output --error --security --minimise --packing --last --bootstrap --headroom --log2-n --calibrate --label --output-name --input --weights-mb --units --report --json" ;;
    keygen) echo "--output --force --json" ;;
    encrypt) echo "--key --output --rows --image --packing --out-of-range --list --part --json" ;;
    infer) echo "--keys --session --save-session --output --threads --weights-mb --json" ;;
    decrypt) echo "--key --list --outputs --csv --json" ;;
    predict) echo "--server --key --model --plan --token --token-file --cacert --cert --cert-key --plain --timeout --patience --rows --image --packing --out-of-range --parallel --jobs --label --outputs --csv --json" ;;
    inspect) echo "--json" ;;
    serve) echo "--state --listen --tls-cert --tls-key --client-ca --cors --web --plain --workers --queue --cache-mb --weights-mb --max-key-mb --max-body-mb --bodies-mb --jobs --jobs-mb --key-days --job-hours --audit-mb --audit-file-mb --audit-days --idle --grace --least-rate --connections --connections-each" ;;
    token) echo "--state --name --id --key-mb --requests-per-minute --predictions-per-day --scope --json" ;;
    audit) echo "--state --head --json" ;;
    calibrate) echo "--output --json" ;;
    demo) echo "--out --data --label --clients --seed --json" ;;
  esac
}

# Values of an option of a command; "file" for files, "none" where anything goes.
_blindsight_values() {
  case $1.$2 in
    train.--label) echo "none" ;;
    train.--output | train.-o) echo "file" ;;
    train.--model) echo "network linear trees" ;;
    train.--task) echo "auto classes regression" ;;
    train.--drop) echo "none" ;;
    train.--categories) echo "none" ;;
    train.--hidden) echo "none" ;;
    train.--activation) echo "none" ;;
    train.--epochs) echo "none" ;;
    train.--batch) echo "none" ;;
    train.--rate) echo "none" ;;
    train.--decay) echo "none" ;;
    train.--l2) echo "none" ;;
    train.--trees) echo "none" ;;
    train.--depth) echo "none" ;;
    train.--min-rows) echo "none" ;;
    train.--bins) echo "none" ;;
    train.--sample-rows) echo "none" ;;
    train.--sample-columns) echo "none" ;;
    train.--patience) echo "none" ;;
    train.--edges) echo "quantiles exact" ;;
    train.--seed) echo "none" ;;
    train.--split-seed) echo "none" ;;
    train.--frac) echo "none" ;;
    train.--validation) echo "file" ;;
    import.--output | import.-o) echo "file" ;;
    import.--calibrate) echo "file" ;;
    import.--bins) echo "none" ;;
    import.--edges) echo "quantiles exact" ;;
    import.--label) echo "none" ;;
    import.--output-name) echo "none" ;;
    import.--input) echo "auto table image" ;;
    import.--outputs) echo "auto classes values labels" ;;
    import.--mean) echo "none" ;;
    import.--deviation) echo "none" ;;
    import.--output-error) echo "none" ;;
    import.--activation-error) echo "none" ;;
    import.--max-degree) echo "none" ;;
    import.--margin) echo "none" ;;
    import.--fit) echo "squares minimax" ;;
    import.--composite) echo "auto never always" ;;
    export.--output | export.-o) echo "file" ;;
    evaluate.--label) echo "none" ;;
    evaluate.--outputs) echo "file" ;;
    evaluate.--packing) echo "clear latency throughput" ;;
    simulate.--label) echo "none" ;;
    simulate.--error) echo "none" ;;
    simulate.--headroom) echo "none" ;;
    simulate.--packing) echo "latency throughput" ;;
    simulate.--out-of-range) echo "refuse clip" ;;
    simulate.--seed) echo "none" ;;
    simulate.--threads) echo "none" ;;
    compile.--output | compile.-o) echo "file" ;;
    compile.--error) echo "none" ;;
    compile.--security) echo "128 192 256" ;;
    compile.--minimise) echo "balanced latency upload keys" ;;
    compile.--packing) echo "both latency throughput" ;;
    compile.--last) echo "client server" ;;
    compile.--bootstrap) echo "auto never always" ;;
    compile.--headroom) echo "none" ;;
    compile.--log2-n) echo "none" ;;
    compile.--calibrate) echo "file" ;;
    compile.--label) echo "none" ;;
    compile.--output-name) echo "none" ;;
    compile.--input) echo "auto table image" ;;
    compile.--weights-mb) echo "none" ;;
    compile.--units) echo "file" ;;
    compile.--report) echo "file" ;;
    keygen.--output | keygen.-o) echo "file" ;;
    encrypt.--key) echo "file" ;;
    encrypt.--output | encrypt.-o) echo "file" ;;
    encrypt.--rows) echo "none" ;;
    encrypt.--image) echo "file" ;;
    encrypt.--packing) echo "auto latency throughput" ;;
    encrypt.--out-of-range) echo "refuse clip mark" ;;
    encrypt.--list) echo "file" ;;
    encrypt.--part) echo "none" ;;
    infer.--keys) echo "file" ;;
    infer.--session) echo "file" ;;
    infer.--save-session) echo "file" ;;
    infer.--output | infer.-o) echo "file" ;;
    infer.--threads) echo "none" ;;
    infer.--weights-mb) echo "none" ;;
    decrypt.--key) echo "file" ;;
    decrypt.--list) echo "file" ;;
    predict.--server | predict.-s) echo "none" ;;
    predict.--key) echo "file" ;;
    predict.--model) echo "none" ;;
    predict.--plan) echo "none" ;;
    predict.--token) echo "none" ;;
    predict.--token-file) echo "file" ;;
    predict.--cacert) echo "file" ;;
    predict.--cert) echo "file" ;;
    predict.--cert-key) echo "file" ;;
    predict.--timeout) echo "none" ;;
    predict.--patience) echo "none" ;;
    predict.--rows) echo "none" ;;
    predict.--image) echo "file" ;;
    predict.--packing) echo "auto latency throughput" ;;
    predict.--out-of-range) echo "refuse clip mark" ;;
    predict.--parallel) echo "none" ;;
    predict.--jobs) echo "auto never always" ;;
    predict.--label) echo "none" ;;
    serve.--state | serve.-s) echo "file" ;;
    serve.--listen | serve.-l) echo "none" ;;
    serve.--tls-cert) echo "file" ;;
    serve.--tls-key) echo "file" ;;
    serve.--client-ca) echo "file" ;;
    serve.--cors) echo "none" ;;
    serve.--web) echo "file" ;;
    serve.--workers | serve.-j) echo "none" ;;
    serve.--queue) echo "none" ;;
    serve.--cache-mb) echo "none" ;;
    serve.--weights-mb) echo "none" ;;
    serve.--max-key-mb) echo "none" ;;
    serve.--max-body-mb) echo "none" ;;
    serve.--bodies-mb) echo "none" ;;
    serve.--jobs) echo "none" ;;
    serve.--jobs-mb) echo "none" ;;
    serve.--key-days) echo "none" ;;
    serve.--job-hours) echo "none" ;;
    serve.--audit-mb) echo "none" ;;
    serve.--audit-file-mb) echo "none" ;;
    serve.--audit-days) echo "none" ;;
    serve.--idle) echo "none" ;;
    serve.--grace) echo "none" ;;
    serve.--least-rate) echo "none" ;;
    serve.--connections) echo "none" ;;
    serve.--connections-each) echo "none" ;;
    token.--state | token.-s) echo "file" ;;
    token.--name) echo "none" ;;
    token.--id) echo "none" ;;
    token.--key-mb) echo "none" ;;
    token.--requests-per-minute) echo "none" ;;
    token.--predictions-per-day) echo "none" ;;
    token.--scope) echo "none" ;;
    audit.--state | audit.-s) echo "file" ;;
    audit.--head) echo "none" ;;
    calibrate.--output | calibrate.-o) echo "file" ;;
    demo.--out | demo.-o) echo "none" ;;
    demo.--data) echo "file" ;;
    demo.--label) echo "none" ;;
    demo.--clients) echo "none" ;;
    demo.--seed) echo "none" ;;
  esac
}

# What the operand of a command may be, where it is no file.
_blindsight_operands() {
  case $1 in
    token) echo "create list revoke" ;;
    audit) echo "verify show rotate" ;;
  esac
}

_blindsight() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command values
  local program=${COMP_WORDS[0]##*/} commands=$_blindsight_commands
  [[ $program != blindsight-server ]] || commands=$_blindsight_server_commands
  COMPREPLY=()
  if [[ $program == blindsight-infer ]]; then
    command=infer
  elif [[ $COMP_CWORD -eq 1 ]]; then
    [[ $program != blindsight-server ]] || commands="$commands --web-hashes"
    COMPREPLY=($(compgen -W "$commands --help --version" -- "$current"))
    return
  else
    command=${COMP_WORDS[1]}
  fi
  if [[ $command == help ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
    return
  fi
  values=$(_blindsight_values "$command" "$before")
  case $values in
    none) ;;
    file) compopt -o filenames && COMPREPLY=($(compgen -f -- "$current")) ;;
    "")
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_blindsight_options "$command") --help" -- "$current"))
      elif [[ -n $(_blindsight_operands "$command") ]]; then
        COMPREPLY=($(compgen -W "$(_blindsight_operands "$command")" -- "$current"))
      else
        compopt -o filenames && COMPREPLY=($(compgen -f -- "$current"))
      fi ;;
    *) COMPREPLY=($(compgen -W "$values" -- "$current")) ;;
  esac
}

complete -F _blindsight blindsight blindsight-infer blindsight-server
