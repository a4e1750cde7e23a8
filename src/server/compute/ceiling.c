/* SPDX-License-Identifier: Apache-2.0 */
#include "server/compute/ceiling.h"

#include <stdio.h>

#include "base/alloc.h"

#define MB ((size_t)1 << 20)
/* What an option of 0 gives at least; and bodies at most, for the sake of a batch. */
#define LEAST_KEY (256 * MB)
#define LEAST_BODY (64 * MB)
#define LEAST_BODIES (256 * MB)
#define LEAST_CACHE (1024 * MB)
/* Before a sample may stand a JSON head. A row may also come in base64. */
#define HEAD MB
#define BASE64(n) ((n) + (n) / 2)

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

static size_t megabytes(size_t n) {
  return (n + MB - 1) / MB;
}

/* Of a row and of a batch; 0 where it has no such packing. */
static size_t sample_bytes(const server_model *model, plan_packing packing) {
  const plan_interface *interface = &model->plan.interface;
  return interface->layout[packing].available ? interface->cost[packing].input_bytes : 0;
}

static size_t row_bytes(const server_model *model) {
  size_t row = sample_bytes(model, PLAN_LATENCY);
  return row > 0 ? row : sample_bytes(model, PLAN_THROUGHPUT);
}

/* --- what the models need */

typedef struct needs {
  size_t key, row, batch, expanded;
} needs;

static void add_needs(needs *most, const server_model *model) {
  size_t batch = sample_bytes(model, PLAN_THROUGHPUT);
  most->key = larger(most->key, model->plan.interface.key_bytes);
  most->row = larger(most->row, row_bytes(model));
  if (batch + HEAD <= LEAST_BODIES)
    most->batch = larger(most->batch, batch);
  most->expanded = larger(most->expanded, server_cache_expanded(model));
}

static void take(server_ceiling *ceiling, const needs *most, const server_options *options) {
  size_t body = larger(LEAST_BODY, larger(BASE64(most->row), most->batch) + HEAD);
  if (options->max_body_bytes != 0)
    body = options->max_body_bytes;
  ceiling->body_bytes = body;
  ceiling->bodies_bytes =
      options->bodies_bytes != 0 ? options->bodies_bytes : larger(LEAST_BODIES, body);
  ceiling->key_bytes =
      options->max_key_bytes != 0 ? options->max_key_bytes : larger(LEAST_KEY, most->key);
  ceiling->cache_bytes =
      options->cache_bytes != 0 ? options->cache_bytes : larger(LEAST_CACHE, most->expanded);
}

/* --- what a client cannot do */

static void warn(const server_model *model, const char *what, size_t n, const char *option,
                 size_t limit) {
  if (n > limit)
    fprintf(stderr, "blindsight: warning: %s@%s: %s %zu MB, above %s %zu\n", model->name,
            model->version, what, megabytes(n), option, limit / MB);
}

static void warn_of(const server_model *model, const server_ceiling *ceiling) {
  size_t key = model->plan.interface.key_bytes, row = row_bytes(model),
         batch = sample_bytes(model, PLAN_THROUGHPUT), body = ceiling->body_bytes;
  warn(model, "nobody can ask it: a client's keys take", key, "--max-key-mb", ceiling->key_bytes);
  warn(model, "nobody can ask it: keys in memory take", server_cache_expanded(model), "--cache-mb",
       ceiling->cache_bytes);
  warn(model, "nobody can ask it: a row takes", row, "--max-body-mb", body);
  if (row <= body && batch > row)
    warn(model, "rows must come one by one: a batch takes", batch, "--max-body-mb", body);
  if (key > LEAST_KEY)
    fprintf(stderr,
            "blindsight: %s@%s: a client's keys take %zu MB: its tokens need --key-mb %zu or "
            "more\n",
            model->name, model->version, megabytes(key), megabytes(key));
}

void server_ceiling_fit(server_ceiling *ceiling, server_cache *cache, server_model_set *models,
                        const server_options *options) {
  server_model **all = NULL;
  needs most = {0, 0, 0, 0};
  size_t n = server_model_set_all(&all, models);
  for (size_t i = 0; i < n; i++)
    add_needs(&most, all[i]);
  take(ceiling, &most, options);
  server_cache_limit(cache, ceiling->cache_bytes);
  for (size_t i = 0; i < n; i++) {
    warn_of(all[i], ceiling);
    server_model_release(all[i]);
  }
  base_free(all);
}
