/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPILE_SCATTER_H
#define COMPILE_SCATTER_H
#include "compile/stage.h"

/**
 * A first map whose rows read a few inputs here and there (leaves of trees, pruned layers) has a
 * weight on nearly every diagonal. Two maps have few: the first copies each input to the blocks
 * that want it, the second reads within blocks (docs/math.md, "Leaves"). Where that is possible and
 * seems worth it, the stages become those: one more, inputs and units in a new order (gather), and
 * gather.groups says how many blocks there are. Else nothing changes. CKKS_ERROR_MEMORY.
 */
ckks_status compile_scatter_stages(compile_stages *stages);
#endif
