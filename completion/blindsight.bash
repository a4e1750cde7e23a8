# SPDX-License-Identifier: Apache-2.0
# Completion of blindsight and blindsight-infer for bash.

_blindsight_commands="train import export evaluate simulate compile keygen encrypt infer decrypt \
  predict inspect serve token audit calibrate demo help"

# Options of a command.
_blindsight_options() {
  case $1 in
    train) echo "--label --output --model --task --drop --hidden --activation --epochs --batch --rate \
      --decay --l2 --trees --depth --min-rows --bins --sample-rows --sample-columns --patience --edges \
      --seed --split-seed --frac --validation --json" ;;
    import) echo "--output --calibrate --bins --edges --label --mean --deviation --activation-error \
      --max-degree --output-name --input --outputs --output-error --margin --fit" ;;
    export) echo "--output" ;;
    evaluate) echo "--label --outputs --packing --json" ;;
    simulate) echo "--label --error --headroom --packing --out-of-range --seed --threads --json" ;;
    compile) echo "--output --error --security --minimise --packing --last --headroom --log2-n \
      --calibrate --label --output-name --input --weights-mb --units --report --json" ;;
    keygen) echo "--output --force" ;;
    encrypt) echo "--key --output --rows --image --packing --out-of-range --list --json" ;;
    infer) echo "--keys --session --save-session --output --threads --weights-mb --json" ;;
    decrypt) echo "--key --list --outputs --csv --json" ;;
    predict) echo "--server --key --model --plan --token --token-file --cacert --cert --cert-key \
      --plain --timeout --patience --rows --image --packing --out-of-range --parallel --jobs --label --outputs --csv \
      --json" ;;
    inspect) echo "--json" ;;
    serve) echo "--state --listen --tls-cert --tls-key --client-ca --cors --web --plain --workers --queue --cache-mb \
      --weights-mb --max-key-mb --max-body-mb --bodies-mb --jobs --jobs-mb --key-days --job-hours \
      --audit-mb --audit-file-mb --audit-days --idle --grace --least-rate --connections --connections-each" ;;
    token) echo "--state --name --id --key-mb --requests-per-minute --predictions-per-day --scope --json" ;;
    audit) echo "--state --head" ;;
    calibrate) echo "--output --json" ;;
    demo) echo "--out --data --label --clients --seed --json" ;;
  esac
}

# Values of an option of a command; "file" for files, nothing where anything goes.
_blindsight_values() {
  case $1.$2 in
    import.--fit) echo "squares minimax" ;;
    import.--input | compile.--input) echo "auto table image" ;;
    import.--outputs) echo "auto classes values labels" ;;
    train.--model) echo "network linear trees" ;;
    train.--task) echo "auto classes regression" ;;
    import.--edges | train.--edges) echo "quantiles exact" ;;
    compile.--security) echo "128 192 256" ;;
    compile.--minimise) echo "balanced latency upload keys" ;;
    compile.--packing) echo "both latency throughput" ;;
    evaluate.--packing) echo "clear latency throughput" ;;
    simulate.--packing) echo "latency throughput" ;;
    simulate.--out-of-range) echo "refuse clip" ;;
    compile.--last) echo "client server" ;;
    encrypt.--packing | predict.--packing) echo "auto latency throughput" ;;
    encrypt.--out-of-range | predict.--out-of-range) echo "refuse clip mark" ;;
    predict.--jobs) echo "auto never always" ;;
    train.--activation) echo "sigmoid3 square identity" ;;
    evaluate.--outputs | *.--output | *.--out | *.-o | *.--validation | *.--calibrate | *.--data | \
      *.--units | *.--image | *.--report | *.--key | *.--keys | *.--list | *.--session | *.--save-session | *.--state | *.--cacert | *.--cert | \
      *.--cert-key | *.--token-file | serve.--tls-* | serve.--web | serve.--client-ca)
      echo file ;;
    *.--label | *.--drop | *.--hidden | train.--l2 | train.--trees | train.--depth | train.--min-rows | train.--bins | \
      train.--sample-* | train.--patience | *.--epochs | *.--batch | *.--rate | *.--decay | *.--seed | \
      *.--split-seed | *.--frac | *.--error | *.--headroom | *.--log2-n | *.--rows | *.--threads | \
      *.--weights-mb | *.--clients | *.--mean | *.--deviation | *.--activation-error | *.--output-error | *.--output-name | *.--max-degree | *.--margin | \
      predict.* | serve.* | token.* | audit.*)
      echo none ;;
  esac
}

_blindsight() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command values
  COMPREPLY=()
  if [[ ${COMP_WORDS[0]##*/} == blindsight-infer ]]; then
    command=infer
  elif [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "$_blindsight_commands --help --version" -- "$current"))
    return
  else
    command=${COMP_WORDS[1]}
  fi
  if [[ $command == help ]]; then
    COMPREPLY=($(compgen -W "$_blindsight_commands" -- "$current"))
    return
  fi
  values=$(_blindsight_values "$command" "$before")
  case $values in
    none) ;;
    file) compopt -o filenames && COMPREPLY=($(compgen -f -- "$current")) ;;
    "")
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_blindsight_options "$command") --help" -- "$current"))
      else
        compopt -o filenames && COMPREPLY=($(compgen -f -- "$current"))
      fi ;;
    *) COMPREPLY=($(compgen -W "$values" -- "$current")) ;;
  esac
}

complete -F _blindsight blindsight blindsight-infer
