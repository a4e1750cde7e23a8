/* SPDX-License-Identifier: Apache-2.0 */
/* What the same model costs a thief, door by door: rows in clear whose outputs are as exact as
 * ours, a batch, single rows, single rows whose slots are chosen, and two designs that are not
 * ours. The figures are those of docs/security.md. */
#define _GNU_SOURCE
#include <complex.h>

#include "attack/world.h"
#include "ckks/encode.h"
#include "exec/exec.h"
#include "golden/bare.h"
#include "secret/secret.h"
#include "wire/sample.h"

typedef struct shop {
  network_model model;
  plan_plan plan;
  exec_engine *engine;
  exec_session *session;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  plan_interface bare;
  steal_network truth;
  size_t n_asked;
} shop;

static shop s;

static int setup(void **state) {
  (void)state;
  compile_options options;
  uint8_t *bytes;
  size_t n;
  attack_train(&s.model);
  attack_truth(&s.truth, &s.model);
  compile_options_default(&options);
  options.error = ATTACK_ERROR;
  OK(compile_model(&s.plan, &s.model, &options));
  OK(exec_engine_build(&s.engine, &s.plan, EXEC_WEIGHTS_BYTES));
  OK(client_keygen(&s.secret, &bytes, &n, &s.plan.interface));
  OK(exec_keys_read(&s.keys, bytes, n, "keys", s.engine, NULL));
  OK(exec_session_build(&s.session, s.engine, s.keys));
  base_free(bytes);
  s.bare = attack_interface(&s.plan.interface);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  exec_session_free(s.session);
  ckks_evaluation_keys_free(s.keys);
  ckks_secret_key_free(s.secret);
  exec_engine_free(s.engine);
  plan_clear(&s.plan);
  network_clear(&s.model);
  steal_network_clear(&s.truth);
  return 0;
}

static double report(const char *door, const steal_network *copy) {
  double part = steal_recovered(&s.truth, copy, 0.01);
  printf("%-40s %6zu predictions, %5.1f %% of the weights to 1 %%, %5.1f %% to 0.1 %%\n", door,
         s.n_asked, 100.0 * part, 100.0 * steal_recovered(&s.truth, copy, 0.001));
  return part;
}

/* --- doors that answer rows */

static bool door_clear(void *context, double *outputs, const double *rows, size_t n) {
  (void)context;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < s.truth.o; k++) {
      double sum = s.model.layer[1].bias[k];
      for (size_t j = 0; j < s.truth.h; j++) {
        double z = s.model.layer[0].bias[j];
        for (size_t l = 0; l < s.truth.d; l++)
          z += s.truth.a[j * s.truth.d + l] * rows[i * s.truth.d + l];
        sum += s.truth.w[k * s.truth.h + j] *
               encoding_polynomial_value(&s.model.layer[0].activation[0].polynomial, z);
      }
      outputs[i * s.truth.o + k] = rint(sum / ATTACK_ERROR) * ATTACK_ERROR;
    }
  s.n_asked += n;
  return true;
}

static bool door_encrypted(void *packing, double *outputs, const double *rows, size_t n) {
  double *raw = attack_raw(rows, n, &s.bare), *found;
  uint8_t *sample, *result;
  size_t n_sample, n_result, n_rows;
  OK(client_encrypt(&sample, &n_sample, raw, n, *(plan_packing *)packing, NULL, s.secret, &s.bare));
  s.n_asked += wire_head_peek_predictions(sample, n_sample, &s.bare);
  OK(exec_infer(&result, &n_result, sample, n_sample, "sample", s.session));
  OK(client_decrypt(&found, &n_rows, result, n_result, "result", s.secret, &s.bare));
  memcpy(outputs, found, n * s.truth.o * sizeof *outputs);
  base_free(found);
  base_free(sample);
  base_free(result);
  free(raw);
  return true;
}

static void rob(const char *name, steal_door *door, plan_packing packing, size_t n_rows) {
  steal_task task = attack_task(&s.model, n_rows);
  steal_network copy;
  assert_true(steal_network_init(&copy, s.truth.d, s.truth.h, s.truth.o));
  s.n_asked = 0;
  assert_true(steal_run(&copy, &task, door, &packing, 1));
  assert_true(report(name, &copy) > 0.9);
  steal_network_clear(&copy);
}

/* Who answers rows gives a small model away, whatever the answers travel in: what encryption adds
 * is nothing, and nothing is what it takes away. */
static void test_rows(void **state) {
  (void)state;
  size_t n = steal_rows_needed(s.truth.d);
  rob("plain API, as exact", door_clear, PLAN_LATENCY, n);
  rob("batch (throughput packing)", door_encrypted, PLAN_THROUGHPUT, n);
  rob("single rows (latency packing)", door_encrypted, PLAN_LATENCY, n);
}

/* --- slots chosen: each neuron gets a row of its own, and for each output another one */

/* How many weights one answer is asked for. */
typedef enum ways {
  ONE = 1,   /* all outputs are asked the same */
  EACH = 2,  /* each output another one */
  HALVES = 4 /* and each half of a slot: answers that are not ours, with their imaginary parts */
} ways;

/* rows[h x o x d] to slots: those of the first map whose sums end with neuron j and output k. */
static void sample_slots(wire_sample *sample, const double complex *rows) {
  const plan_layout *layout = &s.bare.layout[PLAN_LATENCY];
  size_t period = layout->stride * layout->padded, n_slots = s.bare.params->ring.n / 2;
  ckks_complex *slots = calloc(n_slots, sizeof *slots);
  ckks_plaintext *plaintext;
  for (size_t i = 0; i < n_slots; i++) {
    size_t feature = i % period / layout->stride, neuron = i % layout->stride / layout->period;
    size_t output = i % layout->period;
    if (feature < s.truth.d && neuron < s.truth.h && output < s.truth.o) {
      double complex x = rows[(neuron * s.truth.o + output) * s.truth.d + feature];
      slots[i] = (ckks_complex){creal(x), cimag(x)};
    }
  }
  OK(wire_sample_init(sample, PLAN_LATENCY, 1, &s.bare));
  memcpy(sample->owner, s.secret->owner, sizeof sample->owner);
  OK(ckks_plaintext_build(&plaintext, s.bare.params));
  OK(ckks_encode_complex(plaintext, slots, n_slots, layout->input_level, layout->input_scale,
                         s.bare.params));
  OK(ckks_ciphertext_build_at(&sample->ciphertext[0], s.bare.params, layout->input_level, 2));
  OK(secret_encrypt(sample->ciphertext[0], plaintext, s.secret, s.bare.params));
  ckks_plaintext_free(plaintext);
  free(slots);
}

/* What an evaluation holds before it is made a result: complex numbers. */
static void read_evaluation(double complex *u, const uint8_t *bytes, size_t n_bytes) {
  const ckks_ciphertext *output;
  ckks_plaintext *plaintext;
  ckks_complex slots[ENCODING_MAX_CLASSES];
  wire_sample sample;
  OK(wire_sample_read(&sample, bytes, n_bytes, "sample", &s.bare));
  OK(exec_session_run(&output, sample.ciphertext, PLAN_LATENCY, s.session));
  OK(ckks_plaintext_build(&plaintext, s.bare.params));
  OK(ckks_decrypt(plaintext, output, s.secret, s.bare.params));
  OK(ckks_decode_complex(slots, s.truth.o, plaintext, s.bare.params));
  for (size_t k = 0; k < s.truth.o; k++)
    u[k] = slots[k].re + slots[k].im * I;
  ckks_plaintext_free(plaintext);
  wire_sample_clear(&sample);
}

/* All that an answer holds: `period` numbers, of which each output is one. */
static void read_answer(double complex *u, const uint8_t *bytes, size_t n_bytes) {
  double values[ENCODING_MAX_CLASSES];
  uint8_t *result;
  size_t n_result;
  wire_result read;
  OK(exec_infer(&result, &n_result, bytes, n_bytes, "sample", s.session));
  OK(wire_result_read(&read, result, n_result, "result", &s.bare));
  size_t period = read.sparse[0].period;
  OK(secret_decrypt_sparse(values, read.sparse[0].c0, read.sparse[0].c1,
                           s.bare.params->ring.n / (2 * period),
                           s.bare.layout[PLAN_LATENCY].output_scale, s.secret, s.bare.params));
  for (size_t k = 0; k < s.truth.o; k++)
    u[k] = values[k];
  wire_result_clear(&read);
  base_free(result);
}

static void ask_slots(double complex *u, const double complex *rows, ways way) {
  wire_sample sample;
  uint8_t *bytes;
  size_t n_bytes;
  sample_slots(&sample, rows);
  OK(wire_sample_write(&bytes, &n_bytes, &sample, &s.bare));
  s.n_asked += wire_head_peek_predictions(bytes, n_bytes, &s.bare);
  if (way == HALVES)
    read_evaluation(u, bytes, n_bytes);
  else
    read_answer(u, bytes, n_bytes);
  base_free(bytes);
  wire_sample_clear(&sample);
}

/* One neuron sees `row`, for each output its own, the others the mean. */
static void ask_neuron(double complex *u, size_t j, const double complex *row,
                       const double complex *u0, ways way) {
  size_t n = s.truth.o * s.truth.d;
  double complex *rows = calloc(s.truth.h * n, sizeof *rows);
  memcpy(rows + j * n, row, n * sizeof *row);
  ask_slots(u, rows, way);
  for (size_t k = 0; k < s.truth.o; k++)
    u[k] -= u0[k];
  free(rows);
}

#define STEP 1.0

/* Along the signs: t = -2, -1, 1, 2 steps give each output's cubic; what it says of the neuron. */
static void learn_scale(steal_network *copy, size_t j, const double *signs, const double *p,
                        const double complex *u0) {
  size_t d = s.truth.d, o = s.truth.o;
  double complex *row = calloc(o * d, sizeof *row), u[4][ENCODING_MAX_CLASSES];
  double kk = 0, k2 = 0, k1 = 0;
  for (int q = 0; q < 4; q++) {
    double t = STEP * (q < 2 ? q - 2 : q - 1);
    for (size_t i = 0; i < o * d; i++)
      row[i] = t * signs[i % d];
    ask_neuron(u[q], j, row, u0, ONE);
  }
  double cubic[ENCODING_MAX_CLASSES];
  for (size_t k = 0; k < o; k++) {
    double odd1 = creal(u[2][k] - u[1][k]) / 2, odd2 = creal(u[3][k] - u[0][k]) / 2;
    cubic[k] = (odd2 - 2 * odd1) / (6 * STEP * STEP * STEP);
    double linear = odd1 / STEP - cubic[k] * STEP * STEP;
    double square = creal(u[2][k] + u[1][k]) / (2 * STEP * STEP);
    kk += cubic[k] * cubic[k];
    k2 += cubic[k] * square;
    k1 += cubic[k] * linear;
  }
  double ratio = k2 / kk / 3, scale = sqrt(fabs(p[1] / p[3] / (k1 / kk - 3 * ratio * ratio)));
  copy->b[j] = ratio * scale;
  for (size_t k = 0; k < o; k++)
    copy->w[k * s.truth.h + j] = cubic[k] / (p[3] * scale * scale * scale);
  free(row);
}

static double complex cubic_at(const encoding_polynomial *p, double complex z) {
  double complex value = 0.0;
  for (int i = 3; i >= 0; i--)
    value = value * z + p->coefficient[i];
  return value;
}

/* The root of w (p(z) - p(b)) = u near b, by Newton, from outputs k to end. */
static double complex solve(const steal_network *copy, size_t j, const double complex *u, size_t k,
                            size_t end, const encoding_polynomial *p) {
  double complex num = 0.0, z = copy->b[j];
  double den = 1e-300;
  for (; k < end; k++) {
    double w = copy->w[k * s.truth.h + j];
    num += w * u[k];
    den += w * w;
  }
  double complex wanted = num / den + cubic_at(p, copy->b[j]);
  for (int step = 0; step < 40; step++)
    z -= (cubic_at(p, z) - wanted) / ((cubic_at(p, z + 1e-5) - cubic_at(p, z)) / 1e-5);
  return z;
}

#define REACH 4.0

static void take_weight(steal_network *copy, size_t j, size_t i, double z) {
  if (i < s.truth.d)
    copy->a[j * s.truth.d + i] = (z - copy->b[j]) / REACH;
}

/* Weights i, i + 1, ... of neuron j by one answer, as many as there are ways. */
static void learn_weights(steal_network *copy, size_t j, size_t i, ways way,
                          const encoding_polynomial *p, const double complex *u0) {
  size_t d = s.truth.d, o = s.truth.o, per_output = way == HALVES ? 2 : 1;
  double complex *row = calloc(o * d, sizeof *row), u[ENCODING_MAX_CLASSES];
  for (size_t k = 0; k < o; k++)
    for (size_t half = 0; half < per_output; half++) {
      size_t at = i + (way == ONE ? 0 : k * per_output + half);
      if (at < d)
        row[k * d + at] = REACH * (half == 0 ? 1.0 : I);
    }
  ask_neuron(u, j, row, u0, way);
  for (size_t k = 0; k < (way == ONE ? 1 : o); k++) {
    double complex z = solve(copy, j, u, k, way == ONE ? o : k + 1, p);
    take_weight(copy, j, i + k * per_output, creal(z));
    if (per_output == 2)
      take_weight(copy, j, i + k * per_output + 1, cimag(z) + copy->b[j]);
  }
  free(row);
}

/* With slots of its choice a client asks each neuron alone. The share of the weights that it has.
 */
static double rob_once(const char *name, ways way) {
  const encoding_polynomial *p = &s.model.layer[0].activation[0].polynomial;
  double complex *zero = calloc(s.truth.h * s.truth.o * s.truth.d, sizeof *zero);
  double complex u0[ENCODING_MAX_CLASSES];
  double *signs = malloc(s.truth.d * sizeof *signs);
  steal_network copy;
  uint64_t random = 3;
  assert_true(steal_network_init(&copy, s.truth.d, s.truth.h, s.truth.o));
  s.n_asked = 0;
  ask_slots(u0, zero, ONE);
  for (size_t j = 0; j < s.truth.h; j++) {
    for (size_t i = 0; i < s.truth.d; i++)
      signs[i] = test_random(&random) % 2 ? 1.0 : -1.0;
    learn_scale(&copy, j, signs, p->coefficient, u0);
    for (size_t i = 0; i < s.truth.d; i += (size_t)way)
      learn_weights(&copy, j, i, way, p, u0);
  }
  double share = report(name, &copy);
  assert_int_equal(s.n_asked, 1 + s.truth.h * (4 + (s.truth.d + (size_t)way - 1) / (size_t)way));
  steal_network_clear(&copy);
  free(zero);
  free(signs);
  return share;
}

/* Noise is fresh each time, and a scale that is learnt amid much of it spoils a neuron: the best of
 * three is what this thief can do. */
static void rob_slots(const char *name, ways way, double at_least) {
  double best = 0.0;
  for (int i = 0; i < 3 && best <= at_least; i++)
    best = fmax(best, rob_once(name, way));
  assert_true(best > at_least);
}

/* Fewer questions than rows in clear take, each counted: an answer has a number for each output,
 * and each can be another weight. */
static void test_chosen_slots(void **state) {
  (void)state;
  assert_int_equal(s.bare.layout[PLAN_LATENCY].period, s.truth.o); /* so an answer is one */
  rob_slots("slots chosen (latency packing)", ONE, 0.75);
  rob_slots("slots chosen, for each output others", EACH, 0.7);
  rob_slots("imaginary halves answered, too (not ours)", HALVES, 0.75);
}

/* What stands in the imaginary halves of a sample's slots is in no answer by itself: an answer is
 * the real part of the evaluation, which does not tell a point from its conjugate. */
static void test_imaginary_halves(void **state) {
  (void)state;
  size_t n = s.truth.h * s.truth.o * s.truth.d;
  double complex *rows = calloc(n, sizeof *rows), u[3][ENCODING_MAX_CLASSES];
  uint64_t random = 5;
  for (size_t i = 0; i < n; i++)
    rows[i] = test_uniform(&random) + test_uniform(&random) * I;
  ask_slots(u[0], rows, EACH);
  ask_slots(u[2], rows, HALVES);
  for (size_t i = 0; i < n; i++)
    rows[i] = conj(rows[i]);
  ask_slots(u[1], rows, EACH);
  for (size_t k = 0; k < s.truth.o; k++) {
    assert_true(fabs(cimag(u[2][k])) > 0.01); /* there was something to see */
    assert_true(fabs(creal(u[0][k] - u[2][k])) < 1e-3);
    assert_true(fabs(creal(u[0][k] - u[1][k])) < 1e-3);
  }
  free(rows);
}

/* --- two designs that are not ours */

/* What every slot of w x holds after rotations by 16, 8, 4, 2, 1, when x stands in the first slots
 * once and not in all of them again and again: slot i the sum from feature i on. */
static void sum_naively(double *slots, size_t n_slots, const double *row, const double *weight,
                        size_t d) {
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  ckks_evaluator *evaluator;
  ckks_plaintext *plaintext;
  ckks_ciphertext *x, *turned;
  OK(ckks_params_build_depth(&params, 1, 35));
  OK(ckks_secret_key_generate(&secret, params));
  OK(ckks_evaluation_keys_generate_all(&keys, secret, params));
  OK(ckks_evaluator_build(&evaluator, params, keys));
  OK(ckks_plaintext_build(&plaintext, params));
  OK(ckks_ciphertext_build(&x, params));
  OK(ckks_ciphertext_build(&turned, params));
  OK(ckks_encode_real(plaintext, row, d, 1, 0.0, params));
  OK(ckks_encrypt(x, plaintext, secret, params));
  OK(ckks_mul_real(x, x, weight, d, evaluator));
  for (int step = 16; step > 0; step /= 2) {
    OK(ckks_rotate(turned, x, step, evaluator));
    OK(ckks_add(x, x, turned, evaluator));
  }
  OK(ckks_decrypt(plaintext, x, secret, params));
  OK(ckks_decode_real(slots, n_slots, plaintext, params));
  ckks_plaintext_free(plaintext);
  ckks_ciphertext_free(x);
  ckks_ciphertext_free(turned);
  ckks_evaluator_free(evaluator);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
}

/* A question, and all weights of a neuron, from the slots that nobody looks at. */
static void test_partial_sums(void **state) {
  (void)state;
  size_t d = s.truth.d, right = 0;
  double ones[64], slots[64], size = 0.0;
  for (size_t i = 0; i < 64; i++)
    ones[i] = 1.0;
  sum_naively(slots, 64, ones, s.truth.a, d);
  for (size_t i = 0; i < d; i++)
    size += s.truth.a[i] * s.truth.a[i] / (double)d;
  for (size_t i = 0; i < d; i++)
    right += fabs(slots[i] - slots[i + 1] - s.truth.a[i]) < 0.01 * sqrt(size);
  printf("%-40s %6d predictions, %5.1f %% of a neuron's weights to 1 %%\n",
         "partial sums left in slots (not ours)", 1, 100.0 * (double)right / (double)d);
  assert_true(right > 0.9 * (double)d);
  /* Ours: what travels decodes to the outputs, two numbers, and there is no more to look at
   * (tests/exec/test_exec.c looks into every slot before that). */
  uint8_t *sample, *result;
  size_t n_sample, n_result;
  wire_result read;
  OK(client_encrypt(&sample, &n_sample, s.model.mean, 1, PLAN_LATENCY, NULL, s.secret, &s.bare));
  OK(exec_infer(&result, &n_result, sample, n_sample, "sample", s.session));
  OK(wire_result_read(&read, result, n_result, "result", &s.bare));
  assert_int_equal(read.n_ciphertexts, 1);
  assert_int_equal(read.sparse[0].period, 2);
  wire_result_clear(&read);
  base_free(sample);
  base_free(result);
}

/* The thief's own copy of the plan, one weight of it a guess, on the thief's keys and sample. */
static void infer_guess(uint8_t **out, size_t *n_out, const uint8_t *sample, size_t n_sample,
                        double by) {
  exec_engine *engine;
  exec_session *session;
  double *weight = s.plan.vector[0].value, kept = *weight;
  *weight = kept + by;
  OK(exec_engine_build(&engine, &s.plan, EXEC_WEIGHTS_BYTES));
  OK(exec_session_build(&session, engine, s.keys));
  OK(bare_infer(out, n_out, sample, n_sample, session));
  *weight = kept;
  exec_session_free(session);
  exec_engine_free(engine);
}

/* A result that leaves as it was computed is a digest of the weights: a guess of one of them is
 * confirmed to its last bit by one answer, without asking again. Hidden, no guess ever is. */
static void test_guesses(void **state) {
  (void)state;
  uint8_t *sample, *unhidden, *hidden, *guess;
  size_t n_sample, n, n_hidden, n_guess, confirmed = 0, confirmed_hidden = 0;
  OK(client_encrypt(&sample, &n_sample, s.model.mean, 1, PLAN_LATENCY, NULL, s.secret, &s.bare));
  OK(bare_infer(&unhidden, &n, sample, n_sample, s.session));
  OK(exec_infer(&hidden, &n_hidden, sample, n_sample, "sample", s.session));
  for (int by = -3; by <= 3; by++) {
    infer_guess(&guess, &n_guess, sample, n_sample, 1e-9 * by);
    assert_int_equal(n_guess, n);
    bool same = memcmp(guess, unhidden, n) == 0;
    assert_true(same == (by == 0));
    confirmed += same;
    confirmed_hidden += n_hidden == n && memcmp(guess, hidden, n) == 0;
    base_free(guess);
  }
  printf("%-40s %6d predictions, guesses of a weight to 1e-9 told apart: %zu of 7 right, "
         "hidden: %zu\n",
         "results unhidden (not ours)", 1, confirmed, confirmed_hidden);
  assert_int_equal(confirmed, 1);
  assert_int_equal(confirmed_hidden, 0);
  base_free(sample);
  base_free(unhidden);
  base_free(hidden);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows), cmocka_unit_test(test_chosen_slots),
      cmocka_unit_test(test_imaginary_halves), cmocka_unit_test(test_partial_sums),
      cmocka_unit_test(test_guesses)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
