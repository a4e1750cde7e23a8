/* SPDX-License-Identifier: Apache-2.0 */
/* The models served: read from *.server files, exchanged as a whole, freed with their last user. */
#define _POSIX_C_SOURCE 200809L
#include "server/compute/model.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "plan/files.h"

#define MAX_MODELS 1024
#define SUFFIX ".server"

typedef struct generation {
  server_model *model[MAX_MODELS];
  size_t n;
} generation;

struct server_model_set {
  const char *path;
  int n_workers;
  size_t weights_bytes;
  pthread_mutex_t lock; /* guards `set`, not what it points to */
  generation *set;
};

/* --- one model */

void server_model_hold(server_model *model) {
  atomic_fetch_add(&model->n_holders, 1);
}

static void free_model(server_model *model) {
  for (int i = 0; model->session != NULL && i < model->n_sessions; i++)
    exec_session_free(model->session[i]);
  base_free(model->session);
  exec_engine_free(model->engine);
  plan_clear(&model->plan);
  base_free(model->client);
  base_free(model);
}

void server_model_release(server_model *model) {
  if (model != NULL && atomic_fetch_sub(&model->n_holders, 1) == 1)
    free_model(model);
}

static bool is_name(const char *text, size_t n) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return n > 0 && strspn(text, allowed) >= n;
}

/* NAME[@VERSION].server */
static ckks_status set_name(server_model *model, const char *path) {
  const char *file = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
  size_t n = strlen(file), n_suffix = sizeof SUFFIX - 1;
  if (n > n_suffix && strcmp(file + n - n_suffix, SUFFIX) == 0)
    n -= n_suffix;
  const char *at = memchr(file, '@', n);
  size_t n_name = at != NULL ? (size_t)(at - file) : n;
  const char *version = at != NULL ? at + 1 : "1";
  size_t n_version = at != NULL ? n - n_name - 1 : 1;
  if (!is_name(file, n_name) || n_name >= sizeof model->name || !is_name(version, n_version) ||
      n_version >= sizeof model->version)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%s: a model's file is called NAME" SUFFIX " or NAME@VERSION" SUFFIX
                     ", of letters, digits, '.', '_' and '-'",
                     path);
  snprintf(model->name, sizeof model->name, "%.*s", (int)n_name, file);
  snprintf(model->version, sizeof model->version, "%.*s", (int)n_version, version);
  return CKKS_OK;
}

static ckks_status fill_model(server_model *model, const char *path,
                              const server_model_set *models) {
  uint8_t digest[BASE_DIGEST_BYTES];
  BASE_TRY(set_name(model, path));
  BASE_TRY(plan_files_server_read(&model->plan, path));
  BASE_TRY(exec_engine_build(&model->engine, &model->plan, models->weights_bytes));
  BASE_TRY(plan_files_client_bytes(&model->client, &model->n_client, &model->plan.interface));
  base_digest(digest, model->client, model->n_client);
  sodium_bin2hex(model->tag, sizeof model->tag, digest, sizeof digest);
  sodium_bin2hex(model->digest, sizeof model->digest, model->plan.interface.id, PLAN_ID_BYTES);
  model->session = base_alloc_array((size_t)models->n_workers, sizeof(exec_session *));
  model->n_sessions = models->n_workers;
  return model->session != NULL ? CKKS_OK : base_fail_memory(sizeof(exec_session *));
}

static ckks_status read_model(server_model **out, const char *path,
                              const server_model_set *models) {
  server_model *model = base_alloc(sizeof *model);
  if (model == NULL)
    return base_fail_memory(sizeof *model);
  atomic_init(&model->n_holders, 1);
  ckks_status status = fill_model(model, path, models);
  if (status != CKKS_OK)
    free_model(model);
  else
    *out = model;
  return status;
}

/* --- the set */

static void free_set(generation *set) {
  for (size_t i = 0; set != NULL && i < set->n; i++)
    server_model_release(set->model[i]);
  base_free(set);
}

/* By name, then by version: numbers by value, others by letters. */
static int compare(const void *a, const void *b) {
  const server_model *x = *(server_model *const *)a, *y = *(server_model *const *)b;
  int by_name = strcmp(x->name, y->name);
  if (by_name != 0)
    return by_name;
  unsigned long v = strtoul(x->version, NULL, 10), w = strtoul(y->version, NULL, 10);
  return v != w ? (v < w ? -1 : 1) : strcmp(x->version, y->version);
}

static ckks_status add_file(generation *set, const char *path, const server_model_set *models) {
  if (set->n == MAX_MODELS)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: more than %d models", path, MAX_MODELS);
  BASE_TRY(read_model(&set->model[set->n], path, models));
  set->n++;
  return CKKS_OK;
}

static ckks_status add_folder(generation *set, DIR *folder, const char *path,
                              const server_model_set *models) {
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char file[4096];
    size_t n = strlen(entry->d_name), n_suffix = sizeof SUFFIX - 1;
    if (n <= n_suffix || strcmp(entry->d_name + n - n_suffix, SUFFIX) != 0)
      continue;
    if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file)
      return base_fail(CKKS_ERROR_IO, "%s: the name is too long", path);
    BASE_TRY(add_file(set, file, models));
  }
  return CKKS_OK;
}

static ckks_status read_all(generation *set, const char *path, const server_model_set *models) {
  struct stat info;
  if (stat(path, &info) != 0)
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  if (!S_ISDIR(info.st_mode))
    return add_file(set, path, models);
  DIR *folder = opendir(path);
  if (folder == NULL)
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  ckks_status status = add_folder(set, folder, path, models);
  closedir(folder);
  if (status == CKKS_OK && set->n == 0)
    status = base_fail(CKKS_ERROR_ARGUMENT, "%s: holds no *" SUFFIX " file", path);
  return status;
}

/* Counters do not begin anew with a file that was there before. */
static void keep_figures(generation *set, const generation *old) {
  for (size_t i = 0; i < set->n; i++)
    for (size_t j = 0; old != NULL && j < old->n; j++)
      if (compare(&set->model[i], &old->model[j]) == 0) {
        set->model[i]->n_requests = old->model[j]->n_requests;
        set->model[i]->n_predictions = old->model[j]->n_predictions;
        set->model[i]->evaluate_us = old->model[j]->evaluate_us;
      }
}

ckks_status server_model_set_reload(server_model_set *models) {
  generation *set = base_alloc(sizeof *set);
  if (set == NULL)
    return base_fail_memory(sizeof *set);
  ckks_status status = read_all(set, models->path, models);
  qsort(set->model, set->n, sizeof *set->model, compare);
  for (size_t i = 1; i < set->n && status == CKKS_OK; i++)
    if (compare(&set->model[i - 1], &set->model[i]) == 0)
      status = base_fail(CKKS_ERROR_ARGUMENT, "%s: model %s, version %s is there twice",
                         models->path, set->model[i]->name, set->model[i]->version);
  if (status != CKKS_OK) {
    free_set(set);
    return status;
  }
  pthread_mutex_lock(&models->lock);
  generation *old = models->set;
  keep_figures(set, old);
  models->set = set;
  pthread_mutex_unlock(&models->lock);
  free_set(old);
  return CKKS_OK;
}

ckks_status server_model_set_build(server_model_set **out, const char *path, int n_workers,
                                   size_t weights_bytes) {
  server_model_set *models = base_alloc(sizeof *models);
  *out = NULL;
  if (models == NULL)
    return base_fail_memory(sizeof *models);
  models->path = path;
  models->n_workers = n_workers;
  models->weights_bytes = weights_bytes;
  pthread_mutex_init(&models->lock, NULL);
  ckks_status status = server_model_set_reload(models);
  if (status != CKKS_OK) {
    server_model_set_free(models);
    return status;
  }
  *out = models;
  return CKKS_OK;
}

void server_model_set_free(server_model_set *models) {
  if (models == NULL)
    return;
  free_set(models->set);
  pthread_mutex_destroy(&models->lock);
  base_free(models);
}

server_model *server_model_set_find(server_model_set *models, const char *name,
                                    const char *version) {
  server_model *found = NULL;
  pthread_mutex_lock(&models->lock);
  for (size_t i = 0; i < models->set->n; i++) {
    server_model *model = models->set->model[i];
    if (strcmp(model->name, name) == 0 && (version == NULL || strcmp(model->version, version) == 0))
      found = model; /* the last is the highest */
  }
  if (found != NULL)
    server_model_hold(found);
  pthread_mutex_unlock(&models->lock);
  return found;
}

server_model *server_model_set_find_plan(server_model_set *models, const uint8_t *plan_id) {
  server_model *found = NULL;
  pthread_mutex_lock(&models->lock);
  for (size_t i = 0; i < models->set->n && found == NULL; i++)
    if (memcmp(models->set->model[i]->plan.interface.id, plan_id, PLAN_ID_BYTES) == 0)
      found = models->set->model[i];
  if (found != NULL)
    server_model_hold(found);
  pthread_mutex_unlock(&models->lock);
  return found;
}

size_t server_model_set_all(server_model ***out, server_model_set *models) {
  pthread_mutex_lock(&models->lock);
  size_t n = models->set->n;
  *out = base_alloc_array(n, sizeof **out);
  for (size_t i = 0; *out != NULL && i < n; i++) {
    (*out)[i] = models->set->model[i];
    server_model_hold((*out)[i]);
  }
  pthread_mutex_unlock(&models->lock);
  return *out != NULL ? n : 0;
}
