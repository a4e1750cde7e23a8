/* SPDX-License-Identifier: Apache-2.0 */
/* What Frama-C does not know of C and of gcc. No function that is proved computes with the first.
 */
#define __int128 long
#define _Alignas(x)
