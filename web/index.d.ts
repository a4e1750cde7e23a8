// SPDX-License-Identifier: Apache-2.0
// The client of a Blindsight service, for browsers and Node >= 18.

/** What went wrong. */
export class BlindsightError extends Error {
  /** The kinds of include/ckks.h. 'range': a row outside what the model answers for; 'cancelled':
   * the signal (name is 'AbortError' then); 'io': the server or the network. */
  code: 'argument' | 'memory' | 'security' | 'level' | 'range' | 'mismatch' | 'key' | 'format' |
    'io' | 'entropy' | 'cancelled';
  /** Of HTTP, where there was an answer. */
  status?: number;
  /** Of the rows given, where it is one row's fault. */
  row?: number;
}

export interface Progress { stage: string; /** 0 to 1 */ fraction: number }

export interface Waiting {
  signal?: AbortSignal;
  progress?: (progress: Progress) => void;
}

export interface Options extends Waiting {
  token?: string;
  /** NAME or NAME@VERSION; by default the only one that the server has. */
  model?: string;
  /** 16 to 64 hex digits that the plan's identity must begin with. */
  plan?: string;
  /** Allow http:// to other machines, where the token can be overheard. */
  plain?: boolean;
  /** Seconds without a byte that end an attempt (60). */
  timeout?: number;
  /** Seconds of pauses between attempts, in all (120); 0 = one attempt. */
  patience?: number;
  /** The first pause in seconds (0.25); each further one is twice as long, up to 8. */
  pause?: number;
  /** Instead of the global one. */
  fetch?: typeof fetch;
}

export interface Feature {
  name: string;
  kind: 'scale' | 'bins' | 'categories';
  /** A row without it is refused. */
  required: boolean;
  /** Values outside are not answered for. */
  low: number;
  high: number;
  /** What a missing one counts as, where the kind is 'scale'. */
  mean: number;
  /** An ordinary value. */
  usual: number;
  categories?: string[];
}

export interface Packing {
  rows: number; // that go in one message
  uploadBytes: number;
  downloadBytes: number;
  predictedMs: number;
  predictedError: number;
}

/** What the client file says. */
export interface Description {
  name: string;
  plan: string;
  kind: 'classes' | 'values' | 'labels';
  end: string;
  contract: 'certified' | 'guarded';
  securityBits: number;
  log2N: number;
  log2QP: number;
  log2QPLimit: number;
  depth: number;
  keyBytes: number;
  latency: Packing | null;
  throughput: Packing | null;
  labels: string[];
  image: {channels: number; height: number; width: number} | null;
  features: Feature[];
}

export interface Entry { secret: Uint8Array; keys: Uint8Array | null }
export interface Store {
  get(name: string): Promise<Entry | null>;
  create(name: string, entry: Entry): Promise<boolean>;
  setKeys(name: string, keys: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}
/** Keys that end with the program. */
export function memoryStore(): Store;
/** Keys in this browser, the secret wrapped by a WebCrypto key that cannot be extracted. */
export function indexedDBStore(options?: {database?: string}): Store;
/** NAME.key (mode 0600) and NAME.keys, those of the commands. Node only. */
export function fileStore(path: string): Store;

export interface KeyOptions extends Waiting {
  store?: Store;
  /** In the store; by default the plan's identity. */
  name?: string;
  /** A .key file to use, instead of a new key. */
  key?: Uint8Array;
}

export type Value = number | string | boolean | null | undefined;
export type Row = ArrayLike<Value> | Record<string, Value>;
export interface Image { width: number; height: number; data: Uint8Array | Uint8ClampedArray }

export interface PredictOptions extends Waiting {
  /** Rows outside the model's box: not sent (default), moved inside, or sent alone and marked. */
  outside?: 'refuse' | 'clip' | 'mark';
  packing?: 'latency' | 'throughput';
  /** Which samples go as jobs: those of batches (auto). */
  jobs?: 'auto' | 'never' | 'always';
  /** Requests in flight, 1 to 64 (4). */
  parallel?: number;
  /** Shown each ciphertext before it is sent. */
  onSample?: (sample: Uint8Array) => void;
}

export interface Prediction {
  /** 'inside': what the plan promises. 'clipped', 'outside': of a row that was not inside.
   * 'refused': never sent. 'beyond': the answer is not to be believed. Outputs are NaN in the last
   * two. */
  state: 'inside' | 'clipped' | 'outside' | 'refused' | 'beyond';
  /** Where the model names classes; else null. */
  label: string | null;
  index: number | null;
  outputs: Float64Array;
  /** What was wrong with the row, in words. */
  reason?: string;
}

export interface Model {
  readonly name: string;
  readonly version: string | undefined;
  readonly description: Description;
  /** Takes the keys from the store, or makes them there, and brings the evaluation keys to the server. */
  keys(options?: KeyOptions): Promise<{id: string; made: boolean; sent: number; bytes: number}>;
  /** The secret key as the bytes of a .key file. */
  exportKey(): Uint8Array;
  /** One row (an array, a record or an image): refused with code 'range' where it is outside. */
  predict(row: Row | Image, options?: PredictOptions): Promise<Prediction>;
  /** Several: a prediction for each, whatever its state. */
  predict(rows: ReadonlyArray<Row | Image>, options?: PredictOptions): Promise<Prediction[]>;
  /** For each row '' or why it would be refused. */
  check(rows: Row | Image | ReadonlyArray<Row | Image>): string[];
  /** Shreds the evaluation keys on the server. */
  forget(options?: Waiting): Promise<void>;
  /** Wipes the secret key from memory; the model is spent. */
  close(): void;
}

/** Finds a model, fetches its client file, holds it against its tag and the security table. */
export function connect(url: string, options?: Options): Promise<Model>;
/** What a server has. */
export function models(url: string, options?: Options): Promise<{name: string; version: string; plan: string}[]>;
/** Compiles the WebAssembly module beforehand, or from its bytes. */
export function load(bytes?: BufferSource): Promise<WebAssembly.Module>;
