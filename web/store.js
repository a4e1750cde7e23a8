// SPDX-License-Identifier: Apache-2.0
// Where keys rest: nowhere (memory), in a browser's IndexedDB, in files. A store has
//   get(name)               {secret, keys} or null
//   create(name, {...})     false, and nothing is changed, where there is one of this name
//   setKeys(name, keys)     other evaluation keys for the same secret
//   remove(name)
// `secret` is a .key file, `keys` the .keys file beside it, which tells nothing (docs/security.md).
import {crypto} from './crypto.js';
import {BlindsightError} from './errors.js';

/** Keys that end with the page, or the program. */
export function memoryStore() {
  const entries = new Map();
  return {
    async get(name) {
      const entry = entries.get(name);
      return entry === undefined ? null : {secret: entry.secret.slice(), keys: entry.keys};
    },
    async create(name, {secret, keys}) {
      if (entries.has(name)) return false;
      entries.set(name, {secret: secret.slice(), keys});
      return true;
    },
    async setKeys(name, keys) {
      entries.get(name).keys = keys;
    },
    async remove(name) {
      entries.get(name)?.secret.fill(0);
      entries.delete(name);
    },
  };
}

// --- IndexedDB

const WRAPPING = 'wrapping key';

/** An IDBRequest, or the end of a transaction, as a promise. */
function promised(request, done = 'success') {
  return new Promise((resolve, reject) => {
    request[`on${done}`] = () => resolve(request.result);
    const fail = () => reject(new BlindsightError('io', `IndexedDB: ${request.error?.message ?? 'stopped'}`));
    request.onerror = fail;
    request.onabort = fail;
  });
}

function open(database) {
  if (globalThis.indexedDB === undefined)
    throw new BlindsightError('io', 'this program has no IndexedDB: fileStore keeps keys in files');
  if (crypto.subtle === undefined)
    throw new BlindsightError('io', 'a browser wraps keys for https:// and localhost pages alone');
  const request = globalThis.indexedDB.open(database, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('wrapping');
    request.result.createObjectStore('keys');
  };
  return promised(request);
}

/** An AES key that no script can read: the browser uses it for us, and gives it to nobody. */
async function wrappingKey(db) {
  const found = await promised(db.transaction('wrapping').objectStore('wrapping').get(WRAPPING));
  if (found !== undefined) return found;
  const made = await crypto.subtle.generateKey({name: 'AES-GCM', length: 256}, false, ['encrypt', 'decrypt']);
  const transaction = db.transaction('wrapping', 'readwrite'), store = transaction.objectStore('wrapping');
  const other = await promised(store.get(WRAPPING)); // another tab may have been first
  if (other === undefined) store.put(made, WRAPPING);
  await promised(transaction, 'complete');
  return other ?? made;
}

/**
 * Keys that stay in this browser, for this origin. The secret is encrypted under a WebCrypto key that
 * cannot be extracted: who copies the database has nothing; who runs a script on this origin can use
 * it, as it can use the page.
 */
export function indexedDBStore({database = 'blindsight'} = {}) {
  const algorithm = (name, iv) => ({name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(name)});
  const withDatabase = async (use) => {
    const db = await open(database);
    try {
      return await use(db, await wrappingKey(db));
    } finally {
      db.close();
    }
  };
  /** `change(found, put)` in one transaction: nobody comes in between. */
  const changed = async (db, name, change) => {
    const transaction = db.transaction('keys', 'readwrite'), store = transaction.objectStore('keys');
    const value = change(await promised(store.get(name)), (entry) => store.put(entry, name));
    await promised(transaction, 'complete');
    return value;
  };
  return {
    get: (name) => withDatabase(async (db, key) => {
      const entry = await promised(db.transaction('keys').objectStore('keys').get(name));
      if (entry === undefined) return null;
      try {
        const secret = await crypto.subtle.decrypt(algorithm(name, entry.iv), key, entry.wrapped);
        return {secret: new Uint8Array(secret), keys: entry.keys};
      } catch {
        throw new BlindsightError('format', `${name}: the stored key does not open: the browser's data were altered`);
      }
    }),
    create: (name, {secret, keys}) => withDatabase(async (db, key) => {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const wrapped = await crypto.subtle.encrypt(algorithm(name, iv), key, secret);
      return changed(db, name, (found, put) => {
        if (found === undefined) put({iv, wrapped, keys});
        return found === undefined;
      });
    }),
    setKeys: (name, keys) => withDatabase((db) =>
      changed(db, name, (found, put) => { if (found !== undefined) put({...found, keys}); })),
    remove: (name) => withDatabase(async (db) => {
      const transaction = db.transaction('keys', 'readwrite');
      transaction.objectStore('keys').delete(name);
      await promised(transaction, 'complete');
    }),
  };
}

// --- files

/**
 * The files of the other clients: NAME.key, for its owner's eyes only, and NAME.keys beside it. There
 * is one key; its name is the path. Node only.
 */
export function fileStore(path) {
  const keysPath = `${path.replace(/\.key$/, '')}.keys`;
  const failure = (error) => new BlindsightError('io', `${error.path ?? path}: ${error.message}`, {cause: error});
  const read = async (fs, file) => {
    try {
      return new Uint8Array(await fs.readFile(file));
    } catch (error) {
      if (error.code === 'ENOENT') return null;
      throw failure(error);
    }
  };
  const writeKeys = async (fs, keys) => {
    const part = `${keysPath}.${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}.part`;
    try {
      await fs.writeFile(part, keys);
      await fs.rename(part, keysPath);
    } catch (error) {
      await fs.rm(part, {force: true});
      throw failure(error);
    }
  };
  return {
    async get() {
      const fs = await import('node:fs/promises');
      const secret = await read(fs, path);
      if (secret === null) return null;
      const {mode} = await fs.stat(path);
      if (globalThis.process.platform !== 'win32' && (mode & 0o066) !== 0)
        throw new BlindsightError('io', `${path}: others may read or write this key: chmod 600 ${path}`);
      return {secret, keys: await read(fs, keysPath)};
    },
    async create(name, {secret, keys}) {
      const fs = await import('node:fs/promises');
      // Written beside its place and linked there: readers see nothing, or the whole key.
      const part = `${path}.${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}.part`;
      try {
        const file = await fs.open(part, 'wx', 0o600);
        try {
          await file.writeFile(secret);
          await file.sync();
        } finally {
          await file.close();
        }
        await fs.link(part, path);
      } catch (error) {
        if (error.code === 'EEXIST') return false;
        throw failure(error);
      } finally {
        await fs.rm(part, {force: true});
      }
      await writeKeys(fs, keys);
      return true;
    },
    async setKeys(name, keys) {
      await writeKeys(await import('node:fs/promises'), keys);
    },
    async remove() {
      const fs = await import('node:fs/promises');
      await fs.rm(path, {force: true});
      await fs.rm(keysPath, {force: true});
    },
  };
}
