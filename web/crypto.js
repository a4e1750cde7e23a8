// SPDX-License-Identifier: Apache-2.0
// WebCrypto, which Node 18 does not yet call `crypto`.
export const crypto = globalThis.crypto ?? (await import('node:crypto')).webcrypto;
