/* SPDX-License-Identifier: Apache-2.0 */
/* Every call of ckks.h (tests/house/contract.sh counts them). The vectors first: what one does with
 * a TenSEAL CKKSVector (docs/tenseal.md). Lengths need not be powers of two. */
#include <ckks.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define N 7

static ckks_params *params;
static ckks_secret_key *secret;
static ckks_evaluation_keys *keys;
static ckks_evaluator *evaluator;
static ckks_plaintext *plain;

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s: %s\n", ckks_status_name(status), ckks_last_error());
  exit(1);
}

static ckks_ciphertext *ciphertext(void) {
  ckks_ciphertext *out;
  check(ckks_ciphertext_build(&out, params));
  return out;
}

static ckks_ciphertext *encrypt(const double *values, size_t n) {
  ckks_ciphertext *out = ciphertext();
  check(ckks_encode_real(plain, values, n, ckks_params_max_level(params), 0, params));
  check(ckks_encrypt(out, plain, secret, params));
  return out;
}

/* Noise has a sign: no -0.0000. */
static double tidy(double value) {
  return fabs(value) < 5e-5 ? 0 : value;
}

/* Level and values; what is shorter than 7 has nothing behind it but noise. */
static void show(const char *what, const ckks_ciphertext *c, size_t n) {
  double values[N];
  check(ckks_decrypt(plain, c, secret, params));
  check(ckks_decode_real(values, n, plain, params));
  printf("%-18s level %d:", what, ckks_ciphertext_level(c));
  for (size_t i = 0; i < n; i++)
    printf(" %8.4f", tidy(values[i]));
  printf("\n");
}

static void show_complex(const char *what, const ckks_ciphertext *c) {
  ckks_complex values[3];
  check(ckks_decrypt(plain, c, secret, params));
  check(ckks_decode_complex(values, 3, plain, params));
  printf("%-18s level %d:", what, ckks_ciphertext_level(c));
  for (size_t i = 0; i < 3; i++)
    printf(" %8.4f%+.4fi", tidy(values[i].re), tidy(values[i].im));
  printf("\n");
}

/* ---------------------------------------------------------------- parameters */

static void set_up(void) {
  printf("libckks %s\n", ckks_version());
  check(ckks_params_build_depth(&params, 4, 40));
  check(ckks_secret_key_generate(&secret, params));
  check(ckks_evaluation_keys_generate_all(&keys, secret, params));
  check(ckks_evaluator_build(&evaluator, params, keys));
  check(ckks_evaluator_set_threads(evaluator, 2));
  check(ckks_plaintext_build(&plain, params));
  printf("N = %zu, %zu slots, %.0f of %.0f bits\n", ckks_params_n(params),
         ckks_params_slots(params), ckks_params_log2_qp(params), ckks_params_log2_qp_limit(params));
  for (int level = 0; level <= ckks_params_max_level(params); level += 4)
    printf("level %d: scale 2^%.1f, values up to %.3g\n", level,
           log2(ckks_params_scale(params, level)), ckks_params_max_value(params, level));

  /* The same parameters from their literal, every prime in it: equal hashes say so. */
  ckks_params *same;
  check(ckks_params_build(&same, ckks_params_get_literal(params)));
  bool equal = true;
  for (int i = 0; i < CKKS_HASH_BYTES; i++)
    equal = equal && ckks_params_hash(same)[i] == ckks_params_hash(params)[i];
  printf("built again from the literal: %s\n\n", equal ? "the same" : "others");
  ckks_params_free(same);
}

/* ------------------------------------------------------------------- vectors */

static void vectors(ckks_ciphertext *x, ckks_ciphertext *y, ckks_ciphertext *z) {
  const double weights[N] = {1, 2, 3, 4, 5, 6, 7};
  const double matrix[N * 3] = {1, 0,  2, 0, 1,   -1,  1,   1, 0, 2, 0,
                                1, -1, 3, 0, 0.5, 0.5, 0.5, 1, 1, 1}; /* 7 x 3 */
  const double coefficients[] = {0.5, 0.197, 0, -0.004};
  const ckks_polynomial sigmoid = {coefficients, 3, CKKS_MONOMIAL, 0, 0};
  const double in_turn[] = {0, 0, 1, 0, 0, 1}; /* x in even slots, x^2 in odd ones */
  const ckks_polynomial turns = {in_turn, 2, CKKS_MONOMIAL, 0, 0};
  show("a", x, N);
  show("b", y, N);
  check(ckks_add(z, x, y, evaluator));
  show("a + b", z, N);
  check(ckks_sub(z, x, y, evaluator));
  show("a - b", z, N);
  check(ckks_negate(z, x, evaluator));
  show("-a", z, N);
  check(ckks_add_real(z, x, weights, N, evaluator));
  show("a + plain", z, N);
  check(ckks_sub_real(z, x, weights, N, evaluator));
  show("a - plain", z, N);
  check(ckks_add_constant(z, x, 1.5, evaluator));
  show("a + 1.5", z, N);
  check(ckks_mul(z, x, y, evaluator));
  show("a * b", z, N);
  check(ckks_mul_real(z, x, weights, N, evaluator));
  show("a * plain", z, N);
  check(ckks_mul_constant(z, x, 0.25, evaluator));
  show("a * 0.25", z, N);
  check(ckks_square(z, x, evaluator));
  show("a^2", z, N);
  check(ckks_power(z, x, 5, evaluator));
  show("a^5", z, N);
  check(ckks_polyval(z, x, &sigmoid, evaluator));
  show("s(a)", z, N);
  check(ckks_polyval_slots(z, x, &turns, 2, evaluator));
  show("a, a^2 in turn", z, N);
  check(ckks_sum(z, x, N, evaluator));
  show("sum(a)", z, 1);
  check(ckks_dot(z, x, y, N, evaluator));
  show("a . b", z, 1);
  check(ckks_dot_real(z, x, weights, N, evaluator));
  show("a . plain", z, 1);
  check(ckks_matmul(z, x, matrix, N, 3, evaluator));
  show("a M (7 x 3)", z, 3);
  check(ckks_rotate(z, x, 2, evaluator));
  show("a, 2 further", z, 5);
  check(ckks_inner_sum(z, x, 3, evaluator));
  show("3 in a row", z, 5);

  /* Several rotations of one vector are cheaper together. */
  ckks_ciphertext *turned[2] = {z, ciphertext()};
  check(ckks_rotate_many(turned, x, (const int[]){1, -1}, 2, evaluator));
  show("a, 1 back", turned[1], N);
  ckks_ciphertext_free(turned[1]);

  /* Levels and scales take care of themselves: operands of different depth. */
  check(ckks_mul(z, x, y, evaluator));
  check(ckks_square(z, z, evaluator));
  check(ckks_add(z, z, x, evaluator));
  show("(a * b)^2 + a", z, N);
  check(ckks_drop_level(z, x, 1, evaluator));
  show("a, lower", z, N);

  /* What cannot be done is an error with a reason, never a wrong number. */
  if (ckks_power(z, z, 8, evaluator) != CKKS_OK)
    printf("refused: %s\n", ckks_last_error());
  if (ckks_add_constant(z, z, 1e30, evaluator) != CKKS_OK)
    printf("refused: %s\n\n", ckks_last_error());
}

/* -------------------------------------------------- prepared once, used often */

static void prepared(ckks_ciphertext *x, ckks_ciphertext *z) {
  const double weights[] = {1, 2}, bias[] = {10, 20, 30};
  const double matrix[] = {1, 0, 1, 0, 1, 1, 1, 1, 1}; /* 3 x 3 */
  int top = ckks_params_max_level(params);
  check(ckks_encode_repeat(plain, weights, 2, top, 0, params));
  ckks_plaintext *pattern = plain, *half;
  check(ckks_plaintext_build(&plain, params)); /* show() uses this one */
  check(ckks_plaintext_build(&half, params));
  check(ckks_encode_constant(half, 0.5, 3, 0, params));
  printf("1 2 1 2 ... at level %d, scale 2^%.0f\n", ckks_plaintext_level(pattern),
         log2(ckks_plaintext_scale(pattern)));
  check(ckks_mul_plain(z, x, pattern, evaluator));
  show("a * (1, 2, ...)", z, N);
  check(ckks_add_plain(z, z, half, evaluator));
  show("... + 0.5", z, N);
  check(ckks_sub_plain(z, x, pattern, evaluator));
  show("a - (1, 2, ...)", z, N);
  ckks_plaintext_free(half);
  ckks_plaintext_free(pattern);

  /* A matrix with a bias, and just the keys that it wants. */
  ckks_linear_map *map;
  ckks_key_spec specs[16];
  ckks_evaluation_keys *own;
  ckks_evaluator *other;
  check(ckks_linear_map_build(&map, matrix, 3, 3, bias, 2, params));
  size_t n = ckks_linear_map_keys(map, specs, 14);
  specs[n++] = (ckks_key_spec){.galois = ckks_galois_rotation(params, 5), .level = 1};
  specs[n++] = (ckks_key_spec){.galois = ckks_galois_conjugation(params), .level = 1};
  check(ckks_evaluation_keys_generate(&own, specs, n, secret, params));
  check(ckks_evaluator_build(&other, params, own));
  check(ckks_linear_map_apply(z, map, x, other));
  show("M a + bias", z, 3);
  n = ckks_evaluation_keys_list(own, specs, 16);
  for (size_t i = 0; i < n; i++)
    if (specs[i].galois == ckks_galois_rotation(params, 5))
      printf("key %zu of %zu turns by 5, up to level %d\n\n", i + 1, n, specs[i].level);
  ckks_evaluator_free(other);
  ckks_evaluation_keys_free(own);
  ckks_linear_map_free(map);
}

/* ------------------------------------------------------------ complex numbers */

static void complex_numbers(ckks_ciphertext *x, ckks_ciphertext *z) {
  const ckks_complex a[3] = {{1, 2}, {0, -1}, {0.5, 0.5}}, b[3] = {{0, 1}, {2, 0}, {1, 1}};
  const ckks_complex i = {0, 1};
  check(ckks_encode_complex(plain, a, 3, ckks_params_max_level(params), 0, params));
  check(ckks_encrypt(x, plain, secret, params));
  show_complex("c", x);
  check(ckks_conjugate(z, x, evaluator));
  show_complex("conjugate of c", z);
  check(ckks_add_complex(z, x, b, 3, evaluator));
  show_complex("c + plain", z);
  check(ckks_sub_complex(z, x, b, 3, evaluator));
  show_complex("c - plain", z);
  check(ckks_mul_complex(z, x, b, 3, evaluator));
  show_complex("c * plain", z);
  check(ckks_add_complex_constant(z, x, i, evaluator));
  show_complex("c + i", z);
  check(ckks_mul_complex_constant(z, x, i, evaluator));
  show_complex("c * i", z);
  check(ckks_encode_complex_constant(plain, i, ckks_ciphertext_level(x), ckks_ciphertext_scale(x),
                                     params));
  check(ckks_sub_plain(z, x, plain, evaluator));
  show_complex("c - i", z);
}

/* --------------------------------------------------------- to others and back */

static void bytes_of_everything(const ckks_ciphertext *x) {
  ckks_public_key *public_key, *public_again;
  ckks_params *params_again;
  ckks_evaluation_keys *keys_again;
  ckks_secret_key *secret_again;
  ckks_ciphertext *sent = ciphertext(), *received;
  uint8_t *bytes[4];
  size_t n[4];
  check(ckks_public_key_generate(&public_key, secret, params));
  check(ckks_encode_constant(plain, 4.5, 1, 0, params));
  check(ckks_encrypt_public(sent, plain, public_key, params)); /* by one who knows no secret */
  check(ckks_params_write(&bytes[0], &n[0], params));
  check(ckks_public_key_write(&bytes[1], &n[1], public_key, params));
  check(ckks_evaluation_keys_write(&bytes[2], &n[2], keys, params));
  check(ckks_ciphertext_write(&bytes[3], &n[3], sent, params));
  check(ckks_params_read(&params_again, bytes[0], n[0]));
  check(ckks_public_key_read(&public_again, bytes[1], n[1], params_again));
  check(ckks_evaluation_keys_read(&keys_again, bytes[2], n[2], params_again));
  check(ckks_ciphertext_read(&received, bytes[3], n[3], params_again));
  printf("\nbytes: %zu of parameters, %zu of a ciphertext\n", n[0], n[3]);
  show("public, read", received, 2);
  check(ckks_ciphertext_copy(sent, x));
  show_complex("copy of c", sent);

  /* A secret key has no bytes but those of its own file, of mode 0600. */
  check(ckks_secret_key_save("tour.key", secret, params));
  check(ckks_secret_key_load(&secret_again, "tour.key", params));
  remove("tour.key");
  ckks_secret_key_free(secret);
  secret = secret_again;

  /* What others will see is decrypted apart: flooded with noise. */
  double values[2];
  check(ckks_decrypt_for_publication(values, 2, received, 1e-12, 0.02, secret, params));
  printf("for others: %.1f %.1f\n", values[0], values[1]);

  for (int i = 0; i < 4; i++)
    ckks_bytes_free(bytes[i]);
  ckks_ciphertext_free(received);
  ckks_ciphertext_free(sent);
  ckks_evaluation_keys_free(keys_again);
  ckks_public_key_free(public_again);
  ckks_public_key_free(public_key);
  ckks_params_free(params_again);
}

/* ------------------------------------------------------------- levels without end */

/*
 * Eight values at the last levels come back with levels left. In a small ring without security,
 * so that it is quick: ckks_bootstrap_literal_choose has sets for use.
 */
static void refresh(void) {
  const double values[8] = {0.5, -0.25, 0.125, 1, -1, 0.75, 0, -0.5};
  double found[8];
  ckks_bootstrap_literal literal;
  ckks_bootstrapper *bootstrapper;
  ckks_key_spec specs[256];
  check(ckks_bootstrap_literal_choose(&literal, CKKS_BOOTSTRAP_N16));
  literal.log2_n = 10;
  literal.log2_slots = 3;
  literal.n_levels = 4;
  literal.n_stc = literal.n_cts = 2;
  literal.security = CKKS_SECURITY_NONE;
  ckks_params_free(params);
  check(ckks_params_build_bootstrap(&params, &literal));
  check(ckks_bootstrapper_build(&bootstrapper, &literal, params));
  size_t n = ckks_bootstrapper_keys(bootstrapper, specs, 256);
  ckks_secret_key_free(secret);
  ckks_evaluator_free(evaluator);
  ckks_evaluation_keys_free(keys);
  ckks_plaintext_free(plain);
  check(ckks_secret_key_generate(&secret, params));
  check(ckks_evaluation_keys_generate(&keys, specs, n, secret, params));
  check(ckks_evaluator_build(&evaluator, params, keys));
  check(ckks_plaintext_build(&plain, params));
  ckks_ciphertext *c = ciphertext();
  int low = ckks_bootstrapper_level_in(bootstrapper);
  check(ckks_encode_repeat(plain, values, 8, low, 0, params));
  check(ckks_encrypt(c, plain, secret, params));
  check(ckks_bootstrap(c, c, bootstrapper, evaluator));
  check(ckks_decrypt(plain, c, secret, params));
  check(ckks_decode_real(found, 8, plain, params));
  printf("from level %d to level %d, with %zu bytes at hand; errors below 1e-3: %s\n", low,
         ckks_bootstrapper_level_out(bootstrapper), ckks_bootstrapper_bytes(bootstrapper),
         ckks_bootstrapper_error(bootstrapper, 1) < 1e-3 ? "expected" : "not expected");
  printf("%zu bytes of keys, %zu bytes of memory in all\n",
         ckks_bootstrapper_key_bytes(bootstrapper), ckks_bootstrapper_memory_bytes(bootstrapper));
  for (int i = 0; i < 8; i++)
    printf(" %6.2f", tidy(found[i]));
  printf("\n");
  ckks_ciphertext_free(c);
  ckks_bootstrapper_free(bootstrapper);
}

int main(void) {
  const double a[N] = {0.5, -1, 1.5, -2, 2.5, 0.1, 1}, b[N] = {2, 0.5, -1, 1, 0.2, 3, -0.5};
  set_up();
  ckks_ciphertext *x = encrypt(a, N), *y = encrypt(b, N), *z = ciphertext();
  vectors(x, y, z);
  prepared(x, z);
  complex_numbers(x, z);
  bytes_of_everything(x);
  ckks_ciphertext_free(x);
  ckks_ciphertext_free(y);
  ckks_ciphertext_free(z);
  refresh();
  ckks_plaintext_free(plain);
  ckks_evaluator_free(evaluator);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
  return 0;
}
