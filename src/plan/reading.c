/* SPDX-License-Identifier: Apache-2.0 */
/* The clear reading: slots of doubles instead of ciphertexts. */
#include "plan/reading.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

typedef struct running {
  const plan_vector *vector;
  double **reg;
  double *scratch, *weights; /* weights: sum of the squares of the diagonals in each slot */
  size_t slots;
  const plan_reading_noise *noise;
  plan_noise added; /* by the operation at hand; zero in an exact run */
} running;

static double *reg_ready(running *r, int reg) {
  if (!r->reg[reg])
    r->reg[reg] = base_alloc_array(r->slots, sizeof(double));
  return r->reg[reg];
}

/* Independent noise of that deviation in one slot. */
static double noise_of(const running *r, double deviation) {
  return r->noise->share * deviation * plan_random_normal(r->noise->random);
}

static void mul_vector(running *r, const plan_op *op, double *out) {
  const plan_vector *vector = &r->vector[op->index];
  for (size_t j = 0; j < r->slots; j++)
    out[j] = r->reg[op->a][j] * vector->value[j & (vector->period - 1)];
}

static void add_vector(running *r, const plan_op *op, double *out) {
  const plan_vector *vector = &r->vector[op->index];
  for (size_t j = 0; j < r->slots; j++)
    out[j] = r->reg[op->a][j] + vector->value[j & (vector->period - 1)];
}

static void rotate_sum(running *r, const plan_op *op, double *out) {
  const double *a = r->reg[op->a];
  memcpy(out, r->reg[op->index], r->slots * sizeof *out);
  for (int t = 0; t < op->n_terms; t++)
    for (size_t j = 0; j < r->slots; j++)
      out[j] += a[(j + (size_t)op->term[t]) & (r->slots - 1)];
}

static void mul_sum(running *r, const plan_op *op, double *out) {
  memset(out, 0, r->slots * sizeof *out);
  for (int t = 0; t < op->n_terms; t++) {
    const double *x = r->reg[op->term[2 * t]], *y = r->reg[op->term[2 * t + 1]];
    for (size_t j = 0; j < r->slots; j++)
      out[j] += x[j] * y[j];
  }
}

/* sum_t rotation(vector_t * rotation(a, baby), giant); each rotation brings noise of its own. */
static void diagonals(running *r, const plan_op *op, double *out) {
  const double *a = r->reg[op->a];
  bool noisy = r->added.rotated > 0.0;
  int words = op->kind == PLAN_OP_WINDOWS ? 3 : 2;
  memset(out, 0, r->slots * sizeof *out);
  memset(r->weights, 0, r->slots * sizeof *r->weights);
  for (int t = 0; t < op->n_terms; t++) {
    const plan_vector *vector = &r->vector[op->index + t];
    size_t giant = (size_t)op->term[words * t + words - 1], baby = (size_t)op->term[words * t];
    if (words == 3)
      baby += (size_t)op->term[words * t + 1];
    for (size_t j = 0; j < r->slots; j++) {
      double weight = vector->value[(j + giant) & (vector->period - 1)];
      out[j] += weight * a[(j + giant + baby) & (r->slots - 1)];
      r->weights[j] += weight * weight;
    }
  }
  for (size_t j = 0; noisy && j < r->slots; j++)
    out[j] += noise_of(r, r->added.rotated * sqrt(r->weights[j]));
}

/* Noise of one product or sum inside a polynomial. */
static double inner_noise(const running *r) {
  return r->added.slot > 0.0 ? noise_of(r, r->added.slot) : 0.0;
}

/* The powers of one value that were asked for so far. */
typedef struct powers {
  double value[ENCODING_MAX_DEGREE + 1];
  bool known[ENCODING_MAX_DEGREE + 1];
  bool chebyshev; /* T_i instead of powers */
} powers;

static double power(const running *r, powers *p, int i) {
  if (!p->known[i]) {
    int a = plan_power(i);
    p->value[i] = power(r, p, a) * power(r, p, i - a);
    if (p->chebyshev)
      p->value[i] = 2.0 * p->value[i] - power(r, p, 2 * a - i);
    p->value[i] += inner_noise(r);
    p->known[i] = true;
  }
  return p->value[i];
}

/* T_(G+j) = 2 T_G T_j - T_(G-j): what goes with T_G is doubled, and taken off below. */
static void split(const powers *p, double *c, int degree, int giant) {
  for (int i = giant + 1; p->chebyshev && i <= degree; i++) {
    c[2 * giant - i] -= c[i];
    c[i] *= 2.0;
  }
}

/* A node of eval_polynomial's tree: where it rounds decides what its noise is multiplied by. It
 * overwrites the coefficients. */
static double node(const running *r, powers *p, double *c, int degree, int widest) {
  int top = degree > 0 ? 1 << (plan_polynomial_depth(degree) - 1) : 1;
  int base = top < widest ? top : widest;
  double sum = 0.0;
  for (int giant = top; giant >= base && giant > 1; giant /= 2) {
    while (degree >= giant && c[degree] == 0.0)
      degree--;
    split(p, c, degree, giant);
    int rest = degree - giant;
    degree = giant - 1;
    if (rest > 0)
      sum += power(r, p, giant) * (node(r, p, c + giant, rest, widest) + inner_noise(r));
    else if (rest == 0)
      sum += power(r, p, giant) * c[giant];
  }
  for (int i = degree; i > 0; i--)
    if (c[i] != 0.0)
      sum += c[i] * power(r, p, i);
  return sum + c[0];
}

static int widest_base(int degree) {
  int base = 2;
  while (2 * base * base <= degree + 1)
    base *= 2;
  return base;
}

static powers powers_of(double x, const plan_op *op) {
  return (powers){.value = {1.0, x}, .known = {true, true}, .chebyshev = plan_is_chebyshev(op)};
}

static void polynomial(running *r, const plan_op *op, double *out) {
  const plan_vector *vector = &r->vector[op->index];
  int degree = (int)vector->period - 1;
  while (degree > 1 && vector->value[degree] == 0.0)
    degree--;
  for (size_t j = 0; j < r->slots; j++) {
    double coefficient[ENCODING_MAX_DEGREE + 1];
    powers p = powers_of(r->reg[op->a][j], op);
    memcpy(coefficient, vector->value, ((size_t)degree + 1) * sizeof *coefficient);
    out[j] = node(r, &p, coefficient, degree, widest_base(degree));
  }
}

/* The same tree with coefficients of each slot's own. */
static void slot_polynomials(running *r, const plan_op *op, double *out) {
  int degree = op->term[op->n_terms - 1];
  for (size_t j = 0; j < r->slots; j++) {
    double coefficient[ENCODING_MAX_DEGREE + 1] = {0.0};
    powers p = powers_of(r->reg[op->a][j], op);
    for (int t = 0; t < op->n_terms; t++) {
      const plan_vector *vector = &r->vector[op->index + t];
      coefficient[op->term[t]] = vector->value[j & (vector->period - 1)];
    }
    out[j] = node(r, &p, coefficient, degree, widest_base(degree));
  }
}

static void dense(running *r, const plan_op *op, double *out) {
  const double *weight = r->vector[op->index].value;
  memset(out, 0, r->slots * sizeof *out);
  for (int t = 0; t < op->n_terms; t++)
    for (size_t j = 0; j < r->slots; j++)
      out[j] += weight[t] * r->reg[op->term[t]][j];
}

/* What bootstrapping makes of values: the mean over what it takes for copies, as the sine has it,
 * and noise that all copies share. Of fewer slots than it has each stands for a mean of several. */
static void bootstrap(running *r, const plan_op *op, double *out) {
  const double *a = r->reg[op->a], tau = 2.0 * 3.14159265358979323846;
  size_t all = (size_t)1 << op->index, own = all < r->slots ? all : r->slots;
  double deviation = r->added.slot * sqrt((double)own / (double)all);
  for (size_t j = 0; j < own; j++) {
    double sum = 0.0;
    for (size_t k = j; k < r->slots; k += own)
      sum += a[k];
    double angle = tau * sum * (double)own / (double)r->slots / op->factor;
    out[j] = op->factor / tau * sin(angle);
    if (deviation > 0.0)
      out[j] += deviation * plan_random_normal(r->noise->random);
  }
  for (size_t j = own; j < r->slots; j++)
    out[j] = out[j - own];
}

/* Where values go beyond what is expected of them. */
static void watch(const running *r, const plan_op *op, int index) {
  int *left = r->noise->left;
  double most = r->noise->reach * op->max_abs;
  for (size_t j = 0; op->max_abs > 0.0 && j < r->slots; j++)
    if (left[j] < 0 && !(fabs(r->scratch[j]) <= most))
      left[j] = index;
}

/* Into scratch first: an op may read the register that it writes. */
static ckks_status run_op(running *r, const plan_op *op) {
  static void (*const read[])(running *, const plan_op *, double *) = {
      [PLAN_OP_MUL_VECTOR] = mul_vector, [PLAN_OP_ADD_VECTOR] = add_vector,
      [PLAN_OP_ROTATE_SUM] = rotate_sum, [PLAN_OP_MUL_SUM] = mul_sum,
      [PLAN_OP_DIAGONALS] = diagonals,   [PLAN_OP_POLYNOMIAL] = polynomial,
      [PLAN_OP_DENSE] = dense,           [PLAN_OP_SLOT_POLYNOMIALS] = slot_polynomials,
      [PLAN_OP_CHEBYSHEV] = polynomial,  [PLAN_OP_SLOT_CHEBYSHEV] = slot_polynomials,
      [PLAN_OP_BOOTSTRAP] = bootstrap,   [PLAN_OP_WINDOWS] = diagonals};
  double *out = reg_ready(r, op->out);
  if (!out)
    return base_fail_memory(r->slots * sizeof(double));
  read[op->kind](r, op, r->scratch);
  bool noisy = r->added.slot > 0.0 && op->kind != PLAN_OP_BOOTSTRAP; /* which has its own */
  for (size_t j = 0; noisy && j < r->slots; j++)
    r->scratch[j] += noise_of(r, r->added.slot);
  memcpy(out, r->scratch, r->slots * sizeof(double));
  return CKKS_OK;
}

static ckks_status run_program(running *r, double *const *output, const double *const *input,
                               const plan_program *program) {
  r->reg = base_alloc_array((size_t)program->n_registers, sizeof *r->reg);
  r->scratch = base_alloc_array(r->slots, sizeof(double));
  r->weights = base_alloc_array(r->slots, sizeof(double));
  if (!r->reg || !r->scratch || !r->weights)
    return base_fail_memory(r->slots * sizeof(double));
  for (int i = 0; i < program->n_inputs; i++) {
    if (!reg_ready(r, i))
      return base_fail_memory(r->slots * sizeof(double));
    memcpy(r->reg[i], input[i], r->slots * sizeof(double));
  }
  for (int i = 0; i < program->n_ops; i++) {
    if (r->noise)
      r->added = r->noise->op[i];
    BASE_TRY(run_op(r, &program->op[i]));
    if (r->noise && r->noise->left)
      watch(r, &program->op[i], i);
  }
  for (int i = 0; i < program->n_outputs; i++)
    memcpy(output[i], r->reg[program->output[i]], r->slots * sizeof(double));
  return CKKS_OK;
}

ckks_status plan_reading_run(double *const *output, const double *const *input,
                             const plan_program *program, const plan_vector *vector, size_t slots,
                             const plan_reading_noise *noise) {
  running r = {.vector = vector, .slots = slots, .noise = noise};
  ckks_status status = run_program(&r, output, input, program);
  for (int i = 0; r.reg && i < program->n_registers; i++)
    base_free(r.reg[i]);
  base_free(r.reg);
  base_free(r.scratch);
  base_free(r.weights);
  return status;
}
