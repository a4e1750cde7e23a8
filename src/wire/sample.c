/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted samples: a head (wire/head.h) whose marks are log2 fold, whether the rows of a batch
 * are repeated (1 for THROUGHPUT, else 0), and zero, then each: 32 seed and, for every limb, the
 * packed c0 -- whole and in NTT form when fold is 1, else its coefficients 0, fold, 2 fold, ... in
 * coefficient form. */
#include "wire/sample.h"

#include <string.h>

#include "base/alloc.h"
#include "ring/pack.h"

size_t wire_sample_count(const plan_interface *interface, plan_packing packing, size_t n_rows) {
  size_t slots = plan_pack_rows(interface, packing);
  if (!interface->layout[packing].available || n_rows == 0)
    return 0;
  return packing == PLAN_LATENCY ? n_rows : (n_rows + slots - 1) / slots * plan_n_inputs(interface);
}

ckks_status wire_sample_init(wire_sample *sample, plan_packing packing, size_t n_rows,
                             const plan_interface *interface) {
  *sample = (wire_sample){.packing = packing, .n_rows = n_rows};
  if (n_rows < 1 || n_rows > WIRE_MAX_ROWS)
    return base_fail(CKKS_ERROR_ARGUMENT, "%zu rows: a message holds 1 to %d", n_rows,
                     WIRE_MAX_ROWS);
  sample->n_ciphertexts = wire_sample_count(interface, packing, n_rows);
  if (sample->n_ciphertexts == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "the model was not compiled for %s packing",
                     packing == PLAN_LATENCY ? "latency" : "throughput");
  sample->ciphertext = base_alloc_array(sample->n_ciphertexts, sizeof *sample->ciphertext);
  return sample->ciphertext ? CKKS_OK : base_fail_memory(sample->n_ciphertexts * sizeof(void *));
}

void wire_sample_clear(wire_sample *sample) {
  for (size_t i = 0; sample->ciphertext && i < sample->n_ciphertexts; i++)
    ckks_ciphertext_free(sample->ciphertext[i]);
  base_free(sample->ciphertext);
  memset(sample, 0, sizeof *sample);
}

static size_t ciphertext_bytes(const plan_layout *layout, const ckks_params *params) {
  size_t n_bytes = RAND_SEED_BYTES, n = params->ring.n / layout->fold;
  for (int limb = 0; limb < ckks_params_limbs(params, layout->input_level); limb++)
    n_bytes += ring_pack_bytes(n, params->ring.modulus[limb].bits);
  return n_bytes;
}

/* scratch: one limb. Coefficients of the fold leave their gaps behind. */
static void put_limb(base_buffer *buffer, ring_word *scratch, const ring_word *c0, int limb,
                     size_t fold, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_modulus *modulus = &ring->modulus[limb];
  size_t n = ring->n / fold;
  uint8_t *out = base_buffer_extend(buffer, ring_pack_bytes(n, modulus->bits));
  if (!out)
    return;
  if (fold > 1) {
    ring->kernel->ntt_inverse(scratch, c0, ring->ntt[limb]);
    for (size_t i = 0; i < n; i++)
      scratch[i] = scratch[i * fold];
    c0 = scratch;
  }
  ring_pack_write(out, c0, n, modulus, ring->kernel);
}

static void put_all(base_buffer *buffer, ring_word *scratch, const wire_sample *sample,
                    const plan_layout *layout, const ckks_params *params) {
  int log2_fold = 0;
  while ((size_t)1 << log2_fold < layout->fold)
    log2_fold++;
  wire_head head = {.packing = sample->packing,
                    .mark = {(uint8_t)log2_fold, sample->packing == PLAN_THROUGHPUT, 0},
                    .n_rows = sample->n_rows,
                    .n_ciphertexts = sample->n_ciphertexts};
  memcpy(head.owner, sample->owner, CKKS_OWNER_BYTES);
  wire_head_put(buffer, &head);
  for (size_t i = 0; i < sample->n_ciphertexts; i++) {
    const ckks_ciphertext *c = sample->ciphertext[i];
    BASE_ASSERT(c->seeded && c->level == layout->input_level);
    base_buffer_append(buffer, c->seed, RAND_SEED_BYTES);
    for (int limb = 0; limb < ckks_params_limbs(params, c->level); limb++)
      put_limb(buffer, scratch, ring_poly_limb(&c->part[0], limb), limb, layout->fold, params);
  }
}

ckks_status wire_sample_write(uint8_t **out, size_t *n_bytes, const wire_sample *sample,
                              const plan_interface *interface) {
  const ckks_params *params = interface->params;
  const plan_layout *layout = &interface->layout[sample->packing];
  base_buffer buffer;
  *out = NULL;
  *n_bytes = 0;
  ring_word *scratch = base_alloc_array(params->ring.n, sizeof *scratch);
  if (!scratch)
    return base_fail_memory(params->ring.n * sizeof *scratch);
  base_buffer_init(&buffer, BASE_FRAME_OVERHEAD_BYTES + WIRE_HEAD_BYTES +
                                sample->n_ciphertexts * ciphertext_bytes(layout, params));
  base_buffer_reserve(&buffer, buffer.ceiling_bytes);
  base_frame_begin(&buffer, BASE_FRAME_SAMPLE, params->hash, interface->id);
  put_all(&buffer, scratch, sample, layout, params);
  base_free(scratch);
  return wire_frame_finish(out, n_bytes, &buffer);
}

static ckks_status read_header(wire_sample *sample, base_reader *reader, const char *name,
                               const plan_interface *interface) {
  const ckks_params *params = interface->params;
  wire_head head;
  bool is_head = wire_head_read(&head, reader);
  unsigned log2_fold = head.mark[0], repeats = head.mark[1], zero = head.mark[2];
  if (!is_head || zero != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: the sample's header is not one", name);
  plan_packing packing = (plan_packing)head.packing;
  size_t n_rows = head.n_rows, n = head.n_ciphertexts;
  if (repeats != (packing == PLAN_THROUGHPUT))
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: the sample's rows are not repeated over the slots: made by an older "
                     "version",
                     name);
  const plan_layout *layout = &interface->layout[packing];
  size_t expected = wire_sample_count(interface, packing, n_rows);
  if (n_rows > WIRE_MAX_ROWS || expected == 0 || n != expected)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu ciphertexts for %zu rows", name, n, n_rows);
  if (log2_fold > 30 || (size_t)1 << log2_fold != layout->fold)
    return base_fail(CKKS_ERROR_FORMAT, "%s: fold 2^%u where the model has %zu", name, log2_fold,
                     layout->fold);
  if (base_reader_left(reader) != n * ciphertext_bytes(layout, params))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes of ciphertexts where %zu are needed", name,
                     base_reader_left(reader), n * ciphertext_bytes(layout, params));
  BASE_TRY(wire_sample_init(sample, packing, n_rows, interface));
  memcpy(sample->owner, head.owner, CKKS_OWNER_BYTES);
  return CKKS_OK;
}

/* Back into NTT form; the coefficients that did not travel are zero. */
static ckks_status get_limb(ring_word *c0, base_reader *reader, int limb, size_t fold,
                            const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_modulus *modulus = &ring->modulus[limb];
  size_t n = ring->n / fold;
  const uint8_t *in = base_reader_view(reader, ring_pack_bytes(n, modulus->bits));
  if (!in)
    return base_fail(CKKS_ERROR_FORMAT, "limb %d is cut short", limb);
  BASE_TRY(ring_pack_read(c0, in, n, modulus, ring->kernel));
  if (fold == 1)
    return CKKS_OK;
  for (size_t i = n; i-- > 1;) {
    c0[i * fold] = c0[i];
    memset(&c0[(i - 1) * fold + 1], 0, (fold - 1) * sizeof *c0);
  }
  memset(&c0[(n - 1) * fold + 1], 0, (fold - 1) * sizeof *c0);
  ring->kernel->ntt_forward(c0, c0, ring->ntt[limb]);
  return CKKS_OK;
}

static ckks_status get_ciphertext(ckks_ciphertext **out, base_reader *reader,
                                  const plan_layout *layout, const ckks_params *params) {
  BASE_TRY(ckks_ciphertext_build_at(out, params, layout->input_level, 2));
  ckks_ciphertext *c = *out;
  c->n_parts = 2;
  c->level = layout->input_level;
  c->scale = layout->input_scale;
  c->seeded = true;
  memcpy(c->params_hash, params->hash, CKKS_HASH_BYTES);
  base_reader_copy(reader, c->seed, RAND_SEED_BYTES);
  for (int limb = 0; limb < ckks_params_limbs(params, c->level); limb++)
    BASE_TRY(get_limb(ring_poly_limb(&c->part[0], limb), reader, limb, layout->fold, params));
  ckks_seed_expand(&c->part[1], ckks_params_limbs(params, c->level), c->seed, params);
  return CKKS_OK;
}

/* What the rounds of a reading share: the digest, then one for each ciphertext. */
typedef struct sample_reading {
  wire_sample *sample;
  const base_frame *frame; /* whose digest is the first round; NULL = it is verified already */
  bool intact;
  const uint8_t *body; /* ciphertexts, n_each bytes one after the other */
  size_t n_each;
  const plan_layout *layout;
  const ckks_params *params;
  ckks_status *status; /* of each ciphertext */
} sample_reading;

static ckks_status read_at(const sample_reading *job, size_t i) {
  base_reader reader;
  base_reader_init(&reader, job->body + i * job->n_each, job->n_each);
  return get_ciphertext(&job->sample->ciphertext[i], &reader, job->layout, job->params);
}

static void read_round(void *context, size_t index, int worker) {
  sample_reading *job = context;
  (void)worker;
  if (index > 0)
    job->status[index - 1] = read_at(job, index - 1);
  else if (job->frame != NULL)
    job->intact = base_frame_verify(job->frame, "sample") == CKKS_OK;
}

/* The first ciphertext that failed is read again here, since a message is its thread's. */
static ckks_status find_fault(const sample_reading *job, const char *name) {
  if (!job->intact)
    return base_fail(CKKS_ERROR_FORMAT, "%s: damaged (the digest does not match)", name);
  for (size_t i = 0; i < job->sample->n_ciphertexts; i++) {
    if (job->status[i] == CKKS_OK)
      continue;
    ckks_ciphertext_free(job->sample->ciphertext[i]);
    job->sample->ciphertext[i] = NULL;
    ckks_status status = read_at(job, i);
    if (status == CKKS_ERROR_FORMAT)
      status = base_fail_in(status, "%s: ciphertext %zu", name, i);
    if (status != CKKS_OK) /* where only memory was missing, there may be some by now */
      return status;
  }
  return CKKS_OK;
}

/* `frame` as in sample_reading. */
static ckks_status read_all(wire_sample *sample, base_reader *reader, const base_frame *frame,
                            const char *name, const plan_interface *interface,
                            base_threads *threads) {
  const plan_layout *layout = &interface->layout[sample->packing];
  size_t n = sample->n_ciphertexts, n_each = ciphertext_bytes(layout, interface->params);
  sample_reading job = {.sample = sample,
                        .frame = frame,
                        .intact = frame == NULL,
                        .body = base_reader_view(reader, n * n_each),
                        .n_each = n_each,
                        .layout = layout,
                        .params = interface->params,
                        .status = base_alloc_array(n, sizeof *job.status)};
  if (job.status == NULL)
    return base_fail_memory(n * sizeof *job.status);
  base_threads_run(threads, n + 1, read_round, &job);
  ckks_status status = find_fault(&job, name);
  base_free(job.status);
  return status;
}

ckks_status wire_sample_read_threads(wire_sample *sample, const uint8_t *bytes, size_t n_bytes,
                                     const char *name, const plan_interface *interface,
                                     base_threads *threads) {
  base_reader reader;
  base_frame frame;
  memset(sample, 0, sizeof *sample);
  /* As with keys (exec/keys.c): the digest beside the rest where there are threads for both, and
   * what is wrong even without it is said in the usual order. */
  bool later = base_threads_count(threads) > 1 &&
               wire_plan_frame_read_unverified(&frame, &reader, bytes, n_bytes, BASE_FRAME_SAMPLE,
                                               name, interface) == CKKS_OK &&
               read_header(sample, &reader, name, interface) == CKKS_OK;
  ckks_status status = CKKS_OK;
  if (!later) {
    wire_sample_clear(sample);
    BASE_TRY(wire_plan_frame_read(&reader, bytes, n_bytes, BASE_FRAME_SAMPLE, name, interface));
    status = read_header(sample, &reader, name, interface);
  }
  if (status == CKKS_OK)
    status = read_all(sample, &reader, later ? &frame : NULL, name, interface, threads);
  if (status != CKKS_OK)
    wire_sample_clear(sample);
  return status;
}

ckks_status wire_sample_read(wire_sample *sample, const uint8_t *bytes, size_t n_bytes,
                             const char *name, const plan_interface *interface) {
  return wire_sample_read_threads(sample, bytes, n_bytes, name, interface, NULL);
}
