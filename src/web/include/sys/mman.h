/* SPDX-License-Identifier: Apache-2.0 */
/* WebAssembly has one memory and no advice to give about it: base/alloc.c asks for none then. */
