/* SPDX-License-Identifier: Apache-2.0 */
/* The reference network behind the service, and what its owner alone knows: for the judge. */
#ifndef TESTS_ATTACK_WORLD_H
#define TESTS_ATTACK_WORLD_H
#include "attack/steal.h"
#include "server/fixture.h"
#include "table/data.h"
#include "train/train.h"

#define ATTACK_ERROR 1e-5 /* the default: what the outputs are good for */

static inline void attack_train(network_model *model) {
  table_data data;
  train_history history = {0};
  train_options options;
  const table_options columns = {.label = "diagnosis"};
  OK(table_data_read(&data, "data/wdbc.csv", &columns));
  train_options_default(&options);
  OK(train_fit(model, &history, &data, &options));
  train_history_clear(&history);
  table_data_clear(&data);
}

static inline void attack_truth(steal_network *truth, const network_model *model) {
  const network_layer *in = &model->layer[0], *out = &model->layer[1];
  assert_true(steal_network_init(truth, in->n_in, in->n_out, out->n_out));
  for (size_t j = 0; j < in->n_out; j++)
    network_sparse_row(truth->a + j * in->n_in, &in->weight, j);
  for (size_t k = 0; k < out->n_out; k++)
    network_sparse_row(truth->w + k * out->n_in, &out->weight, k);
}

static inline steal_task attack_task(const network_model *model, size_t n_rows) {
  const encoding_polynomial *p = &model->layer[0].activation[0].polynomial;
  steal_task task = {.d = model->n_features,
                     .h = model->layer[0].n_out,
                     .o = model->n_classes,
                     .reach = 4.0,
                     .n_rows = n_rows};
  for (int i = 0; i <= 3; i++)
    task.cubic[i] = p->coefficient[i];
  return task;
}

/* Rows as a client reads them from a table. */
static inline double *attack_raw(const double *scaled, size_t n, const plan_interface *interface) {
  size_t d = interface->n_features;
  double *raw = malloc(n * d * sizeof *raw);
  for (size_t i = 0; i < n * d; i++)
    raw[i] = interface->mean[i % d] + interface->deviation[i % d] * scaled[i];
  return raw;
}

/* The client's file says which polynomial it is to apply, which rows it answers for and which
 * outputs are to be believed; the thief leaves all that out. */
static inline plan_interface attack_interface(const plan_interface *interface) {
  static double low[64], high[64];
  plan_interface bare = *interface;
  assert_true(bare.n_features <= 64);
  for (size_t i = 0; i < bare.n_features; i++) {
    low[i] = -1e300;
    high[i] = 1e300;
  }
  bare.low = low;
  bare.high = high;
  bare.max_abs_output = 1e300;
  bare.last = encoding_polynomial_identity;
  return bare;
}

/* The frame with another number in its header, and its digest made anew. */
static inline uint8_t *attack_relabel(const uint8_t *bytes, size_t n, uint32_t rows) {
  base_buffer buffer;
  uint8_t *out;
  size_t n_out;
  base_buffer_init(&buffer, n);
  base_buffer_append(&buffer, bytes, n - BASE_DIGEST_BYTES);
  for (int i = 0; i < 4; i++)
    buffer.bytes[BASE_FRAME_HEADER_BYTES + 4 + i] = (uint8_t)(rows >> (8 * i));
  OK(base_frame_finish(&out, &n_out, &buffer));
  assert_int_equal(n_out, n);
  return out;
}

static inline void attack_setup(test_service *t, const server_limits *limits) {
  char path[160];
  signal(SIGPIPE, SIG_IGN);
  *t = (test_service){.folder = "/tmp/blindsight-test-XXXXXX"};
  assert_non_null(mkdtemp(t->folder));
  snprintf(t->state, sizeof t->state, "%s/state", t->folder);
  snprintf(t->models, sizeof t->models, "%s/models", t->folder);
  assert_int_equal(mkdir(t->models, 0700), 0);
  attack_train(&t->model);
  compile_options options;
  compile_options_default(&options);
  OK(compile_model(&t->plan, &t->model, &options));
  snprintf(path, sizeof path, "%s/small.server", t->models);
  OK(plan_files_server_write(path, &t->plan));
  for (int i = 0; i < N_CLIENTS; i++)
    test_make_client(&t->client[i], t, limits);
  server_service_defaults(&t->options);
  t->options.models = t->models;
  t->options.state = t->state;
  t->options.port = 0;
  t->options.n_workers = 2;
}
#endif
