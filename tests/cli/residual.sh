#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A network with connections that skip activations and different ones side by side, from ONNX to
# predictions that are those in clear, in both packings.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
net=$root/examples/residual/wdbc.onnx

works "import" blindsight import "$net" --calibrate "$data" --label diagnosis \
  --activation-error 0.02 -o residual.model
says "a sigmoid" "^activation .*(Sigmoid)"
says "the second activation of its kind" "^activation .*Relu_1"
says "what is carried" "^carried *16 values past activations that they skip"
says "how well it follows" "^ *[0-5] rows get another prediction"

works "inspect" blindsight inspect residual.model
says "a layer of two polynomials" "^layer 0 *30 to 16, 2 polynomials"
says "its relu" "^layer 0.0 *12 units, degree 4"
says "its sigmoid" "^layer 0.1 *4 units, degree 3"
says "a layer of three" "^layer 1 *16 to 28, 3 polynomials"
says "what it carries" "units, degree 1"

works "export" blindsight export residual.model -o residual.json
works "import JSON" blindsight import residual.json -o again.model
holds "the same bytes" cmp -s residual.model again.model

works "evaluate" blindsight evaluate residual.model "$data" --outputs clear.csv
works "compile" blindsight compile residual.model --error 1e-3 --report plan.html -o residual
holds "polynomials in the plan's page" grep -q "polynomials, one for each slot" plan.html
works "keygen" blindsight keygen residual.client -o client
head -n 3 "$data" >few.csv
head -n 80 "$data" >many.csv
for rows in few many; do
  works "encrypt $rows" blindsight encrypt residual.client $rows.csv --key client.key -o sample
  works "infer $rows" blindsight infer residual.server sample --keys client.keys -o result
  works "decrypt $rows" blindsight decrypt residual.client result --key client.key --csv --outputs
  # Outputs, row by row, against those in clear.
  worst=$(paste -d, "$log.out" clear.csv | awk -F, -v n="$(($(wc -l <$rows.csv) - 1))" '
    NR > 1 && NR <= n + 1 {
      for (i = 0; i < 2; i++) {
        d = $(NF / 2 - i) - $(NF - i)
        if (d < 0) d = -d
        if (d > worst) worst = d
      }
      seen++
    }
    END { print (seen == n && worst < 0.02) ? "near" : "rows " seen ", off by " worst }')
  holds "outputs of $rows are those in clear: $worst" [ "$worst" = near ]
done

finish
