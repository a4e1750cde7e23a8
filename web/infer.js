// SPDX-License-Identifier: Apache-2.0
// A sample's way to its result, as src/client/remote_infer.c goes it: the answer to the request, or
// a job, which a server that restarts does not forget.
import {crypto} from './crypto.js';
import {BlindsightError} from './errors.js';
import {parse, rest} from './http.js';
import {upload} from './upload.js';

const FIRST_PAUSE_S = 0.1;
const LONGEST_PAUSE_S = 8;
const WAITING = 'waiting for the result';

/** Should the 202 be lost the sample goes once more, and its job is found by this name. */
function questionName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (b) => b.toString(16).padStart(2, '0')).join('');
}

async function send(model, sample, job, limit, options) {
  const headers = {'Content-Type': 'application/octet-stream', 'Blindsight-Key': model.keyId};
  if (job) Object.assign(headers, {Prefer: 'respond-async', 'Idempotency-Key': questionName()});
  const wanted = job ? [200, 202, 404] : [200, 404];
  return model.http.need(wanted, 'POST', `${model.path}/infer`,
    {...options, headers, body: sample, limit});
}

function jobPath(answer) {
  const {id} = parse(answer, '202');
  if (typeof id !== 'string' || !/^[0-9a-f]{1,64}$/.test(id))
    throw new BlindsightError('format', '202: the answer is none to a question about a job');
  return `/v2/jobs/${id}`;
}

/** The server would forget it by itself, in a day; until then it counts against the token. */
function forget(http, path, headers) {
  return http.attempt('DELETE', path, {headers}).catch(() => {});
}

async function runJob(model, answer, limit, options) {
  const {http} = model, path = jobPath(answer), headers = {'Blindsight-Key': model.keyId};
  const request = {...options, headers};
  options.progress?.({stage: WAITING, fraction: 0});
  for (let pause = FIRST_PAUSE_S; ;) {
    await rest(pause, options.signal);
    const state = await http.need([200, 404], 'GET', path, request);
    if (state.status === 404) return state;
    const body = parse(state, path);
    if (body.state === 'done') break;
    if (body.state === 'failed') {
      await forget(http, path, headers);
      const status = body.error?.status ?? 500;
      if (status === 404) return {status};
      throw new BlindsightError(status === 422 ? 'mismatch' : 'io',
        `${path}: ${body.error?.message ?? 'failed'} (HTTP ${status})`, {status});
    }
    if (typeof body.state !== 'string')
      throw new BlindsightError('format', `${path}: the answer is none to a question about a job`);
    pause = Math.min(2 * pause, LONGEST_PAUSE_S, state.retryAfter ?? LONGEST_PAUSE_S);
  }
  const result = await http.need([200, 404], 'GET', `${path}/result`, {...request, limit});
  if (result.status === 200) await forget(http, path, headers);
  return result;
}

async function once(model, sample, job, limit, options) {
  const answer = await send(model, sample, job, limit, options);
  return answer.status === 202 ? runJob(model, answer, limit, options) : answer;
}

/** One sample there, its result back. Keys that the server has no more are sent again. */
export async function infer(model, sample, job, limit, options) {
  let answer = await once(model, sample, job, limit, options);
  if (answer.status === 404) {
    await upload(model.http, model.keyId, model.keys, options);
    answer = await once(model, sample, job, limit, options);
  }
  if (answer.status === 404) throw model.http.failure(answer, `${model.path}/infer`);
  return answer.body;
}
