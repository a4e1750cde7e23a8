/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The thief of this folder. Through a door that answers rows it copies a network of one hidden
 * layer whose activation is a known cubic p: f_k(x) = sum_j w_kj p(a_j x + b_j) + constant. The
 * third derivative along v is a symmetric matrix, sum_j w_kj (a_j v) a_j a_j^T up to a factor; two
 * such matrices are diagonalised together (Jennrich; Harshman 1970), which gives the directions
 * of the a_j, linear least squares give each neuron's cubic, and its coefficients give lengths,
 * biases and weights. Gauss-Newton steps on all answers do the rest.
 */
#ifndef TESTS_ATTACK_STEAL_H
#define TESTS_ATTACK_STEAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct steal_network {
  size_t d, h, o; /* inputs, neurons, outputs */
  double *a, *b;  /* h x d; h: of scaled inputs */
  double *w, *c;  /* o x h; o */
} steal_network;

/* A door: outputs[n x o] of scaled rows[n x d]; false = refused. */
typedef bool steal_door(void *context, double *outputs, const double *rows, size_t n);

typedef struct steal_task {
  size_t d, h, o;
  double cubic[4]; /* p: known, as from a paper */
  double reach;    /* how far the rows may go in one direction */
  size_t n_rows;   /* to ask; steal_rows_needed(d) at least */
} steal_task;

bool steal_network_init(steal_network *network, size_t d, size_t h, size_t o);
void steal_network_clear(steal_network *network);
/* Rows that the two matrices take. */
size_t steal_rows_needed(size_t d);
/* Asks all rows at once. False = refused, or nothing came of it. */
bool steal_run(steal_network *out, const steal_task *task, steal_door *door, void *context,
               uint64_t seed);
/*
 * Part of the weights (first and second layer) that are right to `part` of their layer's root
 * mean square. Neurons are matched by their first layer; a neuron and its mirror image
 * (-a, -b, -w) are the same, as p - p(0) is odd.
 */
double steal_recovered(const steal_network *truth, const steal_network *copy, double part);

/* --- linear.c, row-major */
/* Eigenvalues and vectors (columns of v) of a symmetric matrix, which is destroyed. */
void steal_linear_symmetric(double *value, double *v, double *matrix, size_t n);
/* Real eigenvectors (columns of v) of a square matrix. */
bool steal_linear_eigenvectors(double *v, const double *matrix, size_t n);
/* x := matrix^-1 x for m columns of x; false = singular. matrix is destroyed. */
bool steal_linear_solve(double *matrix, double *x, size_t n, size_t m);
/* Normal equations of rows: ata += row row^T (its lower half), atb += row b^T, of m right sides. */
void steal_linear_add(double *ata, double *atb, const double *row, const double *b, size_t n,
                      size_t m);
void steal_linear_mirror(double *ata, size_t n);
#endif
