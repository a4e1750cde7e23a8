#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make wasm`: what is in the browser's client, what it asks for, and that it writes the bytes that
# the native client writes.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/web/package.inc"

# --- what is in it
holds "at most 120 kB, packed" \
  [ "$(gzip -9 -c package/blindsight.wasm | wc -c)" -le 120000 ]
# shellcheck disable=SC2016 # for node
holds "it asks for randomness and for nothing else" node -e '
  const m = new WebAssembly.Module(require("fs").readFileSync("package/blindsight.wasm"));
  const asked = WebAssembly.Module.imports(m).map((i) => i.module + "." + i.name).join();
  if (asked !== "wasi_snapshot_preview1.random_get") { console.log(asked); process.exit(1); }'
awk '{ print $NF }' "$root/build/web/blindsight.map" | grep -E '^[a-z][a-z0-9_]*$' | sort -u >names
# shellcheck disable=SC2016 # for the inner shell
holds "it holds the client" sh -c 'for name in client_encrypt client_decrypt_marked secret_encrypt \
  secret_decrypt_sparse plan_files_client_parse; do grep -qx $name names || exit 1; done'
holds "no evaluation, no server, no model, no file, no socket" sh -c \
  '! grep -E "^(eval|exec|server|compile|network|train|onnx|trees|table|cli)_|^base_(file|threads_build)|^client_(http|remote|store)|^ckks_(add|mul|rotate|rescale|evaluator)|^(socket|connect|fopen|open)$" names'
holds "no operation of a plan is read or run there" sh -c \
  '! grep -E "^plan_(check|reading|bytes_read$|files_server)" names'

# --- the same bytes
works "train" blindsight train "$data" --label diagnosis --epochs 5 -o wdbc.model \
  --validation validation.csv
works "compile" blindsight compile wdbc.model -o wdbc --packing both
rows_of() { # rows_of N: as doubles
  sed 1d validation.csv | head -n "$1" | cut -d, -f 1-30 | node -e '
    const text = require("fs").readFileSync(0, "utf8").trim();
    process.stdout.write(new Uint8Array(new Float64Array(text.split(/[\n,]/).map(Number)).buffer));'
}
for case in "latency 3" "throughput 70"; do
  packing=${case% *} n=${case#* }
  mkdir "$packing"
  rows_of "$n" >rows.f64
  works "the native client, $packing" \
    "$BUILD/tests/web/make_bytes" wdbc.client rows.f64 "$n" "$packing" "$packing"
  works "the answer, $packing" blindsight infer wdbc.server "$packing/me.sample" \
    --keys "$packing/me.keys" -o "$packing/me.result"
  works "the native client again, $packing" \
    "$BUILD/tests/web/make_bytes" wdbc.client rows.f64 "$n" "$packing" "$packing"
  works "the browser's client writes the same, $packing" \
    node "$root/tests/web/same_bytes.mjs" package wdbc.client rows.f64 "$n" "$packing" "$packing"
  cat "$log.out"
done

# --- the golden files
# shellcheck disable=SC2016 # for node
works "the golden files" env GOLDEN="$root/tests/golden" node --input-type=module -e '
  import {readFileSync} from "node:fs";
  import {Core} from "./package/core.js";
  const golden = (name) => readFileSync(process.env.GOLDEN + "/" + name);
  const core = await Core.build(golden("plan.client"));
  core.readKey(golden("plan.key"));
  if (Buffer.compare(golden("plan.key"), core.writeKey()) !== 0) throw new Error("plan.key");
  const rows = new Float64Array([1.5, -0.25, 12.0, -2.0, 0.75, 9.5]);
  const {outputs, marks} = core.decrypt(golden("plan.result"), 2, 2);
  const clear = [0, 1].flatMap((r) => [[0.5, -1.25, 0.75, 0.125], [-0.375, 1, 0.25, -0.5]].map((w) => {
    const x = rows.subarray(3 * r), s = w[0] * x[0] + w[1] * x[1] + w[2] * (x[2] - 10) / 2 + w[3];
    return 0.5 + 0.197 * s - 0.004 * s ** 3;
  }));
  outputs.forEach((value, i) => {
    if (!(Math.abs(value - clear[i]) < 5e-3)) throw new Error(`${value} where clear is ${clear[i]}`);
  });
  if (marks.some((mark) => mark !== 0)) throw new Error("marks");
  try { await Core.build(golden("bad_client_log2_n.bin")); throw new Error("a bad client file"); }
  catch (error) { if (error.code !== "format" && error.code !== "argument" && error.code !== "security") throw error; }'
finish
