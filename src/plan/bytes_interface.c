/* SPDX-License-Identifier: Apache-2.0 */
/* The client file's payload, with which the server file's begins (docs/wire-format.md). */
#include <string.h>

#include "base/alloc.h"
#include "ckks/params_bytes.h"
#include "plan/bytes.h"
#include "plan/plan.h"

#define GATHERED 2 /* beside 1 = available in a layout's first byte */
#define MEANT 4    /* in that of latency packing: outputs that do not have their usual meaning */
#define ENCODED 8  /* there too: features that are not just scaled */
#define BOOTSTRAPPED 16 /* there too: parameters for bootstrapping, and its literal at the end */
#define MAX_DEPTH 65535 /* levels in all, of a plan that bootstraps */
#define CHEBYSHEV 0     /* in front of the degree of a polynomial in that basis */

/* --- writing */

static void write_polynomial(base_buffer *buffer, const encoding_polynomial *p) {
  if (p->chebyshev)
    base_buffer_u8(buffer, CHEBYSHEV);
  base_buffer_u8(buffer, (uint8_t)p->degree);
  for (int i = 0; i <= p->degree; i++)
    base_buffer_f64(buffer, p->coefficient[i]);
}

static void write_layout(base_buffer *buffer, const plan_layout *layout, int marks) {
  base_buffer_u8(buffer, (uint8_t)(layout->available | marks));
  base_buffer_u32(buffer, (uint32_t)layout->stride);
  base_buffer_u32(buffer, (uint32_t)layout->padded);
  base_buffer_u32(buffer, (uint32_t)layout->fold);
  base_buffer_u8(buffer, (uint8_t)layout->input_level);
  base_buffer_f64(buffer, layout->input_scale);
  base_buffer_u32(buffer, (uint32_t)layout->period);
  base_buffer_f64(buffer, layout->output_scale);
  base_buffer_u8(buffer, (uint8_t)layout->output_bits);
  base_buffer_u32(buffer, (uint32_t)layout->canaries);
  base_buffer_f64(buffer, layout->empty);
  base_buffer_f64(buffer, layout->canary);
}

/* Only latency packing has one, and says so in its first byte. */
static void write_gather(base_buffer *buffer, const plan_interface *interface) {
  if (interface->n_gather == 0)
    return;
  base_buffer_u32(buffer, (uint32_t)interface->n_gather);
  for (size_t i = 0; i < interface->n_gather; i++)
    base_buffer_u32(buffer, interface->gather[i]);
}

static void write_cost(base_buffer *buffer, const plan_cost *cost) {
  base_buffer_u64(buffer, cost->ntt);
  base_buffer_u64(buffer, cost->mac_words);
  base_buffer_u64(buffer, cost->convert_words);
  base_buffer_u64(buffer, cost->point_words);
  base_buffer_f64(buffer, cost->predicted_ms);
  base_buffer_f64(buffer, cost->predicted_error);
  base_buffer_u32(buffer, (uint32_t)cost->n_switches);
  base_buffer_u64(buffer, cost->input_bytes);
  base_buffer_u64(buffer, cost->output_bytes);
  base_buffer_f64(buffer, cost->contract_bits);
  base_buffer_f64(buffer, cost->contract_ms);
}

/* What is not said by the parameters. The depth has no room in its byte. */
static void write_bootstrap(base_buffer *buffer, const plan_interface *interface) {
  const ckks_bootstrap_literal *literal = &interface->bootstrap;
  const int fields[] = {literal->log2_slots, literal->base_bits,       literal->n_levels,
                        literal->level_bits, literal->base_scale_bits, literal->inner_bits,
                        literal->n_stc,      literal->n_cts,           literal->p_bits};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    base_buffer_u8(buffer, (uint8_t)fields[i]);
  base_buffer_u32(buffer, interface->n_bootstraps);
  base_buffer_u32(buffer, (uint32_t)interface->depth);
}

void plan_bytes_write_interface(base_buffer *buffer, const plan_interface *interface) {
  bool meant = !encoding_meaning_is_default(&interface->meaning, interface->n_outputs);
  int marks = (interface->n_gather > 0 ? GATHERED : 0) | (meant ? MEANT : 0) |
              (interface->input.feature != NULL ? ENCODED : 0) |
              (plan_bootstraps(interface) ? BOOTSTRAPPED : 0);
  base_buffer_append(buffer, interface->id, PLAN_ID_BYTES);
  ckks_params_bytes_write(buffer, &interface->literal);
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    write_layout(buffer, &interface->layout[i], i == PLAN_LATENCY ? marks : 0);
    write_cost(buffer, &interface->cost[i]);
  }
  base_buffer_u8(buffer, (uint8_t)(plan_bootstraps(interface) ? 0 : interface->depth));
  base_buffer_u16(buffer, (uint16_t)interface->n_keys);
  for (size_t i = 0; i < interface->n_keys; i++) {
    base_buffer_u32(buffer, interface->key[i].galois);
    base_buffer_u8(buffer, (uint8_t)interface->key[i].level);
    base_buffer_u8(buffer, (uint8_t)interface->key[i].n_special);
  }
  base_buffer_u64(buffer, interface->key_bytes);
  base_buffer_text(buffer, interface->name);
  base_buffer_u32(buffer, (uint32_t)interface->n_features);
  base_buffer_u32(buffer, (uint32_t)interface->n_outputs);
  for (size_t i = 0; i < interface->n_features; i++) {
    base_buffer_text(buffer, interface->feature[i]);
    base_buffer_f64(buffer, interface->mean[i]);
    base_buffer_f64(buffer, interface->deviation[i]);
    base_buffer_f64(buffer, interface->low[i]);
    base_buffer_f64(buffer, interface->high[i]);
    base_buffer_f64(buffer, interface->padding[i]);
  }
  for (size_t i = 0; i < interface->n_outputs; i++)
    base_buffer_text(buffer, interface->label[i]);
  base_buffer_u8(buffer, (uint8_t)interface->contract);
  base_buffer_f64(buffer, interface->max_abs_output);
  write_polynomial(buffer, &interface->last);
  if (interface->input.feature != NULL)
    encoding_input_write(buffer, &interface->input);
  write_gather(buffer, interface);
  if (meant)
    encoding_meaning_write(buffer, &interface->meaning);
  if (plan_bootstraps(interface))
    write_bootstrap(buffer, interface);
}

/* --- reading: every count is bounded by its limit and by the bytes that are left */

static bool is_finite_in(double x, double low, double high) {
  return x >= low && x <= high;
}

static ckks_status read_polynomial(encoding_polynomial *p, base_reader *reader) {
  p->degree = base_reader_u8(reader);
  p->chebyshev = p->degree == CHEBYSHEV;
  if (p->chebyshev)
    p->degree = base_reader_u8(reader);
  if (reader->failed || p->degree < 1 || (!p->chebyshev && p->degree > ENCODING_MAX_POWERS))
    return plan_bytes_bad("last.degree");
  for (int i = 0; i <= p->degree; i++) {
    p->coefficient[i] = base_reader_f64(reader);
    if (!is_finite_in(p->coefficient[i], -1e30, 1e30))
      return plan_bytes_bad("last.coefficient");
  }
  return CKKS_OK;
}

static bool is_power_of_two(size_t n) {
  return n > 0 && (n & (n - 1)) == 0;
}

/* Plans live in rings of doubles; a result may be rounded to fewer bits than q_0 has. */
static bool output_bits_fit(const plan_layout *layout, const ckks_params_literal *params) {
  return params->q[0] < (uint64_t)1 << RING_F64_BITS && layout->output_bits >= 8 &&
         layout->output_bits <= RING_F64_BITS && params->q[0] >> (layout->output_bits - 1) != 0;
}

static ckks_status read_layout(plan_layout *layout, base_reader *reader, int *marks,
                               const ckks_params_literal *params) {
  size_t slots = (size_t)1 << (params->log2_n - 1);
  uint8_t first = base_reader_u8(reader);
  layout->available = first % GATHERED == 1;
  *marks = first & (GATHERED | MEANT | ENCODED | BOOTSTRAPPED);
  layout->stride = base_reader_u32(reader);
  layout->padded = base_reader_u32(reader);
  layout->fold = base_reader_u32(reader);
  layout->input_level = base_reader_u8(reader);
  layout->input_scale = base_reader_f64(reader);
  layout->period = base_reader_u32(reader);
  layout->output_scale = base_reader_f64(reader);
  layout->output_bits = base_reader_u8(reader);
  layout->canaries = base_reader_u32(reader);
  layout->empty = base_reader_f64(reader);
  layout->canary = base_reader_f64(reader);
  if (reader->failed || first > (1 | GATHERED | MEANT | ENCODED | BOOTSTRAPPED) ||
      (first & 3) == GATHERED)
    return plan_bytes_bad("layout");
  if (!layout->available)
    return CKKS_OK;
  if (!is_power_of_two(layout->stride) || !is_power_of_two(layout->padded) ||
      !is_power_of_two(layout->fold) || !is_power_of_two(layout->period) ||
      layout->stride > slots || layout->padded > slots / layout->stride ||
      layout->fold > slots / (layout->stride * layout->padded) || layout->period > slots ||
      layout->input_level >= params->n_q || !output_bits_fit(layout, params) ||
      !is_finite_in(layout->input_scale, 1.0, 0x1p60) ||
      !is_finite_in(layout->output_scale, 1.0, 0x1p60) || layout->canaries >= slots ||
      !is_finite_in(layout->empty, -1e300, 1e300) || !is_finite_in(layout->canary, 0.0, 1e300))
    return plan_bytes_bad("layout");
  return CKKS_OK;
}

static ckks_status read_cost(plan_cost *cost, base_reader *reader) {
  cost->ntt = base_reader_u64(reader);
  cost->mac_words = base_reader_u64(reader);
  cost->convert_words = base_reader_u64(reader);
  cost->point_words = base_reader_u64(reader);
  cost->predicted_ms = base_reader_f64(reader);
  cost->predicted_error = base_reader_f64(reader);
  uint32_t n_switches = base_reader_u32(reader);
  cost->input_bytes = base_reader_u64(reader);
  cost->output_bytes = base_reader_u64(reader);
  cost->contract_bits = base_reader_f64(reader);
  cost->contract_ms = base_reader_f64(reader);
  cost->n_switches = (int)(n_switches & INT32_MAX);
  return reader->failed || n_switches > INT32_MAX || !is_finite_in(cost->predicted_ms, 0.0, 1e12) ||
                 !is_finite_in(cost->predicted_error, 0.0, 1e12) ||
                 !is_finite_in(cost->contract_bits, -1e6, 1e6) ||
                 !is_finite_in(cost->contract_ms, -1e12, 1e12)
             ? plan_bytes_bad("cost")
             : CKKS_OK;
}

/* The two keys of the sparse secret belong to bootstrapping. */
static bool is_galois(uint32_t galois, const plan_interface *interface, bool bootstrapped) {
  if (galois == CKKS_KEY_TO_SPARSE || galois == CKKS_KEY_FROM_SPARSE)
    return bootstrapped;
  return galois == 0 || (galois % 2 == 1 && galois >> (interface->literal.log2_n + 1) == 0);
}

static ckks_status read_keys(plan_interface *interface, base_reader *reader, bool bootstrapped) {
  size_t n = base_reader_u16(reader);
  if (reader->failed || n > PLAN_MAX_KEYS || n * 6 > base_reader_left(reader))
    return plan_bytes_bad("keys");
  interface->key = base_alloc_array(n + 1, sizeof *interface->key);
  if (!interface->key)
    return base_fail_memory(n * sizeof *interface->key);
  for (size_t i = 0; i < n; i++) {
    uint32_t galois = base_reader_u32(reader);
    int level = base_reader_u8(reader), special = base_reader_u8(reader);
    bool good = is_galois(galois, interface, bootstrapped) && level < interface->literal.n_q &&
                special >= 1 && special <= interface->literal.n_p &&
                (i == 0 || galois > interface->key[i - 1].galois);
    if (!good)
      return plan_bytes_bad("keys");
    interface->key[i] = (ckks_key_spec){galois, level, special};
  }
  interface->n_keys = n;
  interface->key_bytes = base_reader_u64(reader);
  return CKKS_OK;
}

static ckks_status read_features(plan_interface *interface, base_reader *reader) {
  size_t n_features = 0, n_outputs = 0;
  BASE_TRY(plan_bytes_size(&n_features, reader, ENCODING_MAX_FEATURES, "features"));
  BASE_TRY(plan_bytes_size(&n_outputs, reader, ENCODING_MAX_CLASSES, "outputs"));
  if (n_features < 1 || n_outputs < 1 || n_features * 42 > base_reader_left(reader))
    return plan_bytes_bad("features");
  interface->feature = base_alloc_array(n_features, sizeof(char *));
  interface->mean = base_alloc_array(n_features, sizeof(double));
  interface->deviation = base_alloc_array(n_features, sizeof(double));
  interface->low = base_alloc_array(n_features, sizeof(double));
  interface->high = base_alloc_array(n_features, sizeof(double));
  interface->padding = base_alloc_array(n_features, sizeof(double));
  interface->label = base_alloc_array(n_outputs, sizeof(char *));
  if (!interface->feature || !interface->mean || !interface->deviation || !interface->label ||
      !interface->low || !interface->high || !interface->padding)
    return base_fail_memory(n_features * sizeof(double));
  interface->n_features = n_features;
  interface->n_outputs = n_outputs;
  for (size_t i = 0; i < n_features; i++) {
    BASE_TRY(base_reader_text(reader, &interface->feature[i], ENCODING_MAX_NAME_BYTES, "feature"));
    interface->mean[i] = base_reader_f64(reader);
    interface->deviation[i] = base_reader_f64(reader);
    interface->low[i] = base_reader_f64(reader);
    interface->high[i] = base_reader_f64(reader);
    interface->padding[i] = base_reader_f64(reader);
    if (!is_finite_in(interface->low[i], -1e300, interface->high[i]) ||
        !is_finite_in(interface->high[i], interface->low[i], 1e300) ||
        !is_finite_in(interface->padding[i], interface->low[i], interface->high[i]))
      return plan_bytes_bad("box");
    if (!is_finite_in(interface->mean[i], -1e300, 1e300) ||
        !is_finite_in(interface->deviation[i], 1e-300, 1e300))
      return plan_bytes_bad("scaler");
  }
  for (size_t i = 0; i < n_outputs; i++)
    BASE_TRY(base_reader_text(reader, &interface->label[i], ENCODING_MAX_NAME_BYTES, "label"));
  return CKKS_OK;
}

static ckks_status read_gather(plan_interface *interface, base_reader *reader) {
  size_t n = 0;
  BASE_TRY(plan_bytes_size(&n, reader, PLAN_MAX_GATHER, "gather"));
  if (n < 1 || n > interface->layout[PLAN_LATENCY].padded || 4 * n > base_reader_left(reader))
    return plan_bytes_bad("gather");
  interface->gather = base_alloc_array(n, sizeof *interface->gather);
  if (!interface->gather)
    return base_fail_memory(n * sizeof *interface->gather);
  interface->n_gather = n;
  for (size_t i = 0; i < n; i++) {
    interface->gather[i] = base_reader_u32(reader);
    if (interface->gather[i] >= plan_n_inputs(interface) && interface->gather[i] != PLAN_NO_FEATURE)
      return plan_bytes_bad("gather");
  }
  return CKKS_OK;
}

static ckks_status read_bootstrap(plan_interface *interface, base_reader *reader) {
  ckks_bootstrap_literal *literal = &interface->bootstrap;
  int *const fields[] = {&literal->log2_slots, &literal->base_bits,       &literal->n_levels,
                         &literal->level_bits, &literal->base_scale_bits, &literal->inner_bits,
                         &literal->n_stc,      &literal->n_cts,           &literal->p_bits};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    *fields[i] = base_reader_u8(reader);
  interface->n_bootstraps = base_reader_u32(reader);
  uint32_t depth = base_reader_u32(reader);
  literal->log2_n = interface->literal.log2_n;
  literal->n_p = interface->literal.n_p;
  literal->security = interface->literal.security;
  if (reader->failed || interface->depth != 0 || depth > MAX_DEPTH ||
      interface->n_bootstraps > PLAN_MAX_OPS)
    return plan_bytes_bad("bootstrapping");
  interface->depth = (int)depth;
  return plan_bootstrap_check(interface);
}

static ckks_status read_interface(plan_interface *interface, base_reader *reader) {
  int marks[PLAN_N_PACKINGS];
  base_reader_copy(reader, interface->id, PLAN_ID_BYTES);
  BASE_TRY(ckks_params_bytes_read(&interface->literal, reader));
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    BASE_TRY(read_layout(&interface->layout[i], reader, &marks[i], &interface->literal));
    BASE_TRY(read_cost(&interface->cost[i], reader));
  }
  interface->depth = base_reader_u8(reader);
  BASE_TRY(read_keys(interface, reader, marks[PLAN_LATENCY] & BOOTSTRAPPED));
  BASE_TRY(base_reader_text(reader, &interface->name, ENCODING_MAX_NAME_BYTES, "name"));
  BASE_TRY(read_features(interface, reader));
  unsigned contract = base_reader_u8(reader);
  interface->max_abs_output = base_reader_f64(reader);
  if (contract > PLAN_CERTIFIED || !is_finite_in(interface->max_abs_output, 1e-300, 1e300))
    return plan_bytes_bad("range");
  interface->contract = (plan_contract)contract;
  BASE_TRY(read_polynomial(&interface->last, reader));
  if (marks[PLAN_THROUGHPUT] != 0)
    return plan_bytes_bad("layout");
  if (marks[PLAN_LATENCY] & ENCODED)
    BASE_TRY(encoding_input_read(&interface->input, reader, interface->n_features));
  const plan_layout *latency = &interface->layout[PLAN_LATENCY];
  if (latency->available &&
      ((latency->padded < plan_n_inputs(interface) && !(marks[PLAN_LATENCY] & GATHERED)) ||
       latency->period < interface->n_outputs))
    return plan_bytes_bad("layout");
  if (marks[PLAN_LATENCY] & GATHERED)
    BASE_TRY(read_gather(interface, reader));
  interface->meaning = encoding_meaning_default(interface->n_outputs);
  if (marks[PLAN_LATENCY] & MEANT)
    BASE_TRY(encoding_meaning_read(&interface->meaning, reader, interface->n_outputs));
  return marks[PLAN_LATENCY] & BOOTSTRAPPED ? read_bootstrap(interface, reader) : CKKS_OK;
}

ckks_status plan_bytes_read_interface(plan_interface *interface, base_reader *reader) {
  memset(interface, 0, sizeof *interface);
  ckks_status status = read_interface(interface, reader);
  if (status == CKKS_OK && reader->failed)
    status = plan_bytes_bad("interface");
  if (status != CKKS_OK)
    plan_interface_clear(interface);
  return status;
}
