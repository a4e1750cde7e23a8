/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places are cut into blocks of `unit`. The rows of a block read at most `unit` inputs; each input
 * gets a residue modulo the unit that no other input of any of its blocks has, a home with that
 * residue, and a copy with it in each of its blocks. So copies are multiples of the unit away from
 * home: n/unit diagonals; and rows read less than a unit away: 2 unit - 1 diagonals.
 */
#include "compile/scatter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/padded.h"

#define SMALLEST_UNIT 16
#define LARGEST_UNIT 256
#define FEW_ROWS 128
#define FEW_INPUTS 64
/* Fewer places for inputs would only make copies rarer, not cheaper. */
#define USUAL_PLACES 4096

typedef struct scattering {
  const network_sparse *map;
  size_t unit, n_blocks, n_places, n_homes;
  uint32_t *block, *offset; /* of each row */
  size_t n_pairs, max_pairs;
  uint32_t *pair_block, *pair_input; /* which block wants which input, block by block */
  size_t *first;                     /* of each input: where its blocks begin in `blocks` */
  uint32_t *blocks;
  uint32_t *order;          /* inputs, those that most blocks want first */
  uint32_t *residue, *home; /* of each input */
  size_t *load;             /* inputs with each residue */
  uint8_t *taken;           /* n_blocks x unit */
  size_t *stamp;            /* of each input: 1 + the last block that wanted it */
} scattering;

/* -------------------------------------------------------------------- blocks */

static size_t count_new(const scattering *s, size_t row) {
  size_t n = 0;
  for (size_t k = s->map->start[row]; k < s->map->start[row + 1]; k++)
    n += s->stamp[s->map->column[k]] != s->n_blocks;
  return n;
}

/* Rows in their order, as many to a block as have room with all that they read. */
static bool cut_blocks(scattering *s, size_t room) {
  size_t n_rows_in = 0, n_inputs_in = 0;
  memset(s->stamp, 0, s->map->n_columns * sizeof *s->stamp);
  s->n_blocks = 1;
  s->n_pairs = 0;
  for (size_t row = 0; row < s->map->n_rows; row++) {
    size_t n_new = count_new(s, row);
    if (n_rows_in == s->unit || n_inputs_in + n_new > room) {
      s->n_blocks++;
      n_rows_in = n_inputs_in = 0;
      n_new = count_new(s, row);
    }
    if (n_new > room || s->n_pairs + n_new > s->max_pairs)
      return false;
    s->block[row] = (uint32_t)(s->n_blocks - 1);
    s->offset[row] = (uint32_t)n_rows_in++;
    n_inputs_in += n_new;
    for (size_t k = s->map->start[row]; k < s->map->start[row + 1]; k++) {
      uint32_t input = s->map->column[k];
      if (s->stamp[input] == s->n_blocks)
        continue;
      s->stamp[input] = s->n_blocks;
      s->pair_block[s->n_pairs] = (uint32_t)(s->n_blocks - 1);
      s->pair_input[s->n_pairs++] = input;
    }
  }
  return true;
}

/* The blocks of each input, one after the other. */
static void list_blocks(scattering *s) {
  size_t n = s->map->n_columns;
  memset(s->first, 0, (n + 1) * sizeof *s->first);
  for (size_t p = 0; p < s->n_pairs; p++)
    s->first[s->pair_input[p] + 1]++;
  for (size_t i = 0; i < n; i++)
    s->first[i + 1] += s->first[i];
  for (size_t p = s->n_pairs; p-- > 0;) /* the stamps count down from the ends */
    s->stamp[s->pair_input[p]] = s->first[s->pair_input[p] + 1];
  for (size_t p = 0; p < s->n_pairs; p++)
    s->blocks[--s->stamp[s->pair_input[p]]] = s->pair_block[p];
}

static void order_inputs(scattering *s) {
  size_t n = s->map->n_columns, at = 0;
  for (size_t wanted = s->n_blocks + 1; wanted-- > 0;)
    for (size_t i = 0; i < n && at < n; i++)
      if (s->first[i + 1] - s->first[i] == wanted)
        s->order[at++] = (uint32_t)i;
}

/* ------------------------------------------------------------------ residues */

static bool is_free(const scattering *s, size_t input, size_t residue) {
  for (size_t k = s->first[input]; k < s->first[input + 1]; k++)
    if (s->taken[s->blocks[k] * s->unit + residue])
      return false;
  return true;
}

/* The least used residue that is free in all blocks of the input. */
static bool give_residue(scattering *s, size_t input) {
  size_t best = s->unit, most = s->n_homes / s->unit;
  for (size_t r = 0; r < s->unit; r++)
    if (s->load[r] < most && (best == s->unit || s->load[r] < s->load[best]) &&
        is_free(s, input, r))
      best = r;
  if (best == s->unit)
    return false;
  s->residue[input] = (uint32_t)best;
  s->load[best]++;
  for (size_t k = s->first[input]; k < s->first[input + 1]; k++)
    s->taken[s->blocks[k] * s->unit + best] = 1;
  return true;
}

static bool give_residues(scattering *s) {
  memset(s->load, 0, s->unit * sizeof *s->load);
  memset(s->taken, 0, s->n_blocks * s->unit);
  for (size_t k = 0; k < s->map->n_columns; k++)
    if (!give_residue(s, s->order[k]))
      return false;
  /* In the order of their numbers: clients see homes, and not which inputs are wanted most. */
  memset(s->load, 0, s->unit * sizeof *s->load);
  for (size_t i = 0; i < s->map->n_columns; i++)
    s->home[i] = (uint32_t)(s->residue[i] + s->unit * s->load[s->residue[i]]++);
  return true;
}

/* Blocks are filled less while the residues do not work out. */
static bool try_unit(scattering *s, size_t unit) {
  s->unit = unit;
  for (size_t room = unit; room >= unit / 2; room -= unit / 8) {
    if (!cut_blocks(s, room))
      return false;
    size_t least = compile_padded(s->map->n_columns);
    s->n_places = compile_padded(s->n_blocks * unit);
    s->n_homes = s->n_places < USUAL_PLACES ? s->n_places : USUAL_PLACES;
    s->n_homes = s->n_homes < least ? least : s->n_homes;
    if (s->n_places > PLAN_MAX_PLACES || s->n_homes > PLAN_MAX_GATHER)
      return false;
    list_blocks(s);
    order_inputs(s);
    if (give_residues(s))
      return true;
  }
  return false;
}

static size_t diagonals(const scattering *s) {
  return s->n_homes / s->unit + 2 * s->unit;
}

static bool choose_unit(scattering *s) {
  size_t best = 0, least = SIZE_MAX;
  for (size_t unit = SMALLEST_UNIT; unit <= LARGEST_UNIT; unit *= 2)
    if (try_unit(s, unit) && diagonals(s) < least) {
      best = unit;
      least = diagonals(s);
    }
  return best != 0 && try_unit(s, best);
}

/* -------------------------------------------------------------------- stages */

/* Row of the copies: in each block each input it wants, from its number (or home). */
static ckks_status fill_copies(network_sparse *out, const scattering *s, bool homes) {
  uint32_t *from = base_alloc_array(s->n_places, sizeof *from);
  if (from == NULL)
    return base_fail_memory(s->n_places * sizeof *from);
  for (size_t p = 0; p < s->n_pairs; p++) {
    uint32_t input = s->pair_input[p];
    from[s->pair_block[p] * s->unit + s->residue[input]] = 1 + (homes ? s->home[input] : input);
  }
  ckks_status status =
      network_sparse_init(out, s->n_places, homes ? s->n_homes : s->map->n_columns, s->n_pairs);
  for (size_t place = 0, at = 0; status == CKKS_OK && place < s->n_places; place++) {
    out->start[place] = at;
    if (from[place] != 0) {
      out->column[at] = from[place] - 1;
      out->value[at++] = 1.0;
    }
    out->start[place + 1] = at;
  }
  base_free(from);
  return status;
}

/* Columns are out of order until the rows are moved, which sorts them. */
static ckks_status fill_reads(network_sparse *out, const scattering *s) {
  BASE_TRY(network_sparse_copy(out, s->map));
  out->n_columns = s->n_places;
  for (size_t row = 0; row < out->n_rows; row++)
    for (size_t k = out->start[row]; k < out->start[row + 1]; k++)
      out->column[k] = (uint32_t)(s->block[row] * s->unit + s->residue[out->column[k]]);
  return CKKS_OK;
}

static ckks_status fill_gather(compile_gather *gather, const scattering *s) {
  *gather = (compile_gather){.n = s->n_homes, .groups = s->n_blocks};
  gather->feature = base_alloc_array(gather->n, sizeof *gather->feature);
  if (gather->feature == NULL)
    return base_fail_memory(gather->n * sizeof *gather->feature);
  for (size_t i = 0; i < gather->n; i++)
    gather->feature[i] = PLAN_NO_FEATURE;
  for (size_t i = 0; i < s->map->n_columns; i++)
    gather->feature[s->home[i]] = (uint32_t)i;
  return fill_copies(&gather->map, s, true);
}

/* A map without a polynomial in front of the others. */
static ckks_status insert_copies(compile_stages *stages, const scattering *s) {
  memmove(stages->stage + 1, stages->stage, stages->n_stages * sizeof *stages->stage);
  memmove(stages->reach.stage + 1, stages->reach.stage,
          stages->n_stages * sizeof *stages->reach.stage);
  stages->reach.stage[0] = stages->reach.input;
  stages->n_stages++;
  compile_stage *copies = &stages->stage[0];
  *copies = (compile_stage){.n_in = s->map->n_columns,
                            .n_out = s->n_places,
                            .max_abs = stages->max_abs_input,
                            .kind = COMPILE_STAGE_LAST,
                            .n_activations = 1};
  copies->range[0] = stages->max_abs_input;
  copies->polynomial = base_alloc_array(1, sizeof *copies->polynomial);
  if (copies->polynomial == NULL)
    return base_fail_memory(sizeof *copies->polynomial);
  copies->polynomial[0] = encoding_polynomial_identity;
  copies->bias = base_alloc_array(s->n_places, sizeof *copies->bias);
  if (copies->bias == NULL)
    return base_fail_memory(s->n_places * sizeof *copies->bias);
  return fill_copies(&copies->map, s, false);
}

static ckks_status apply(compile_stages *stages, const scattering *s) {
  network_sparse reads;
  uint32_t *to = base_alloc_array(s->map->n_rows, sizeof *to);
  if (to == NULL)
    return base_fail_memory(s->map->n_rows * sizeof *to);
  for (size_t row = 0; row < s->map->n_rows; row++)
    to[row] = (uint32_t)(s->block[row] * s->unit + s->offset[row]);
  ckks_status status = fill_gather(&stages->gather, s);
  if (status == CKKS_OK)
    status = fill_reads(&reads, s);
  if (status == CKKS_OK) {
    status = insert_copies(stages, s); /* `map` has moved from here on */
    network_sparse_clear(&stages->stage[1].map);
    stages->stage[1].map = reads;
    stages->stage[1].n_in = s->n_places;
  }
  if (status == CKKS_OK)
    status = compile_stages_move(stages, 1, to, s->n_places);
  base_free(to);
  return status;
}

/* --------------------------------------------------------------------- whole */

static ckks_status take(scattering *s) {
  size_t n_rows = s->map->n_rows, n = s->map->n_columns, n_pairs = s->map->start[n_rows];
  s->max_pairs = n_pairs;
  s->block = base_alloc_array(n_rows, sizeof *s->block);
  s->offset = base_alloc_array(n_rows, sizeof *s->offset);
  s->pair_block = base_alloc_array(n_pairs + 1, sizeof *s->pair_block);
  s->pair_input = base_alloc_array(n_pairs + 1, sizeof *s->pair_input);
  s->first = base_alloc_array(n + 1, sizeof *s->first);
  s->blocks = base_alloc_array(n_pairs + 1, sizeof *s->blocks);
  s->order = base_alloc_array(n, sizeof *s->order);
  s->residue = base_alloc_array(n, sizeof *s->residue);
  s->home = base_alloc_array(n, sizeof *s->home);
  s->load = base_alloc_array(LARGEST_UNIT, sizeof *s->load);
  s->stamp = base_alloc_array(n, sizeof *s->stamp);
  /* At most as many blocks as rows, of the smallest unit twice as many places as there are pairs.
   */
  s->taken = base_alloc(n_rows * LARGEST_UNIT);
  return s->block && s->offset && s->pair_block && s->pair_input && s->first && s->blocks &&
                 s->order && s->residue && s->home && s->load && s->stamp && s->taken
             ? CKKS_OK
             : base_fail_memory(n_rows * LARGEST_UNIT);
}

static void give_back(scattering *s) {
  void *all[] = {s->block, s->offset,  s->pair_block, s->pair_input, s->first, s->blocks,
                 s->order, s->residue, s->home,       s->load,       s->stamp, s->taken};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    base_free(all[i]);
}

/* Not for dense maps, nor small ones, nor where no stage may be added. */
static bool is_scattered(const compile_stages *stages) {
  const network_sparse *map = &stages->stage[0].map;
  size_t n_weights = map->start[map->n_rows];
  return stages->gather.n == 0 && !compile_skip_any(stages) && stages->n_stages >= 2 &&
         stages->n_stages < NETWORK_MAX_LAYERS && stages->stage[0].n_windows == 0 &&
         map->n_rows >= FEW_ROWS && map->n_columns >= FEW_INPUTS &&
         n_weights * 8 <= map->n_rows * map->n_columns;
}

ckks_status compile_scatter_stages(compile_stages *stages) {
  if (!is_scattered(stages))
    return CKKS_OK;
  network_sparse map; /* a copy: the stages' own one moves */
  BASE_TRY(network_sparse_copy(&map, &stages->stage[0].map));
  scattering s = {.map = &map};
  ckks_status status = take(&s);
  if (status == CKKS_OK && choose_unit(&s))
    status = apply(stages, &s);
  give_back(&s);
  network_sparse_clear(&map);
  return status;
}
