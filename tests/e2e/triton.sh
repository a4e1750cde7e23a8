#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The genuine client of Triton Inference Server (the Python package tritonclient), where it is
# installed: health, metadata, inference in binary and in JSON, compressed with gzip and deflate.
# PYTHON names the interpreter that has it (python3); TRIES (30) early refusals must all be read.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
python=${PYTHON:-python3}
"$python" -c 'import numpy, tritonclient.http' 2>/dev/null || { echo "SKIP: no tritonclient"; exit 77; }
for tool in curl openssl b2sum; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
. "$root/tests/e2e/service.inc"
works "train" blindsight train "$data" --label diagnosis --epochs 20 -o m.model \
  --validation validation.csv
works "clear" blindsight evaluate m.model validation.csv --label diagnosis --outputs clear.csv
head -n 4 clear.csv >three_clear.csv
mkdir models
works "compile" blindsight compile m.model -o models/m
works "keygen" blindsight keygen models/m.client -o me
works "token" blindsight token create --state "$state"
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
key=$(b2sum -l 256 me.keys | cut -d ' ' -f 1)
works "a sample" blindsight encrypt models/m.client validation.csv --key me.key --rows 0-2 -o s
serve models --max-body-mb 1
ask "/v2/keys/$key" -T me.keys -o answer
cat >ask.py <<'EOF'
import base64, os, ssl, sys
import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient(
    sys.argv[1].split('//')[1], ssl=True,
    ssl_context_factory=lambda: ssl.create_default_context(cafile='tls.crt'))
headers = {'Authorization': 'Bearer ' + os.environ['BLINDSIGHT_TOKEN']}
key = sys.argv[2]
assert client.is_server_live() and client.is_server_ready()
assert client.get_server_metadata()['name'] == 'blindsight'
assert client.is_model_ready('m', headers=headers)
assert client.get_model_metadata('m', '1', headers=headers)['inputs'][0]['datatype'] == 'BYTES'
sample = open('s', 'rb').read()

def ask(name, data, binary_in, binary_out, key_in, **options):
    tensor = triton.InferInput('ciphertext', [1], 'BYTES')
    tensor.set_data_from_numpy(np.array([data], dtype=object), binary_data=binary_in)
    outputs = None
    if binary_out is not None:
        outputs = [triton.InferRequestedOutput('ciphertext', binary_data=binary_out)]
    more = {'headers': dict(headers)}
    if key_in == 'header':
        more['headers']['Blindsight-Key'] = key
    else:
        more['parameters'] = {'key': key}
    result = client.infer('m', [tensor], outputs=outputs, request_id=name, **more, **options)
    assert result.get_response()['id'] == name
    got = result.as_numpy('ciphertext')[0]
    if binary_out is False:
        got = base64.b64decode(got)
    open(name + '.result', 'wb').write(got)

ask('binary', sample, True, True, 'header')
ask('default', sample, True, None, 'parameter')
ask('json', base64.b64encode(sample), False, False, 'parameter')
ask('mixed', base64.b64encode(sample), False, True, 'header')
for how in 'gzip', 'deflate':
    ask(how, sample, True, True, 'header', request_compression_algorithm=how,
        response_compression_algorithm=how)
for i in range(int(sys.argv[3])): # above the limit of a body: refused before it is read
    try:
        tensor = triton.InferInput('ciphertext', [1], 'BYTES')
        tensor.set_data_from_numpy(np.array([bytes(3000000)], dtype=object))
        client.infer('m', [tensor], headers={**headers, 'Blindsight-Key': key})
        sys.exit('too large a body was taken')
    except triton.InferenceServerException as e:
        assert e.status() == '413', e
for name in 'rows', 'ciphertext': # no such input; no sample
    try:
        tensor = triton.InferInput(name, [1], 'BYTES')
        tensor.set_data_from_numpy(np.array([b'abc'], dtype=object))
        client.infer('m', [tensor], headers=headers)
        sys.exit('a wrong question was answered')
    except triton.InferenceServerException as e:
        assert e.status() == '400', e
EOF
run "$python" ask.py "$url" "$key" "${TRIES:-30}"
holds "the client is content" [ "$rc" = 0 ]
[ "$rc" = 0 ] || cat "$log.err"
for name in binary default json mixed gzip deflate; do
  works "$name" blindsight decrypt models/m.client $name.result --key me.key --csv --outputs
  holds "$name: the predictions are those in clear" same_predictions three_clear.csv "$log.out" 3
done
stop TERM
finish
