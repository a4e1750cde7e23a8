/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/figures.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "server/compute/process.h"
#include "server/http/route.h"
#include "server/http/tls.h"
#include "server/store/reserve.h"

static const char *const stage_name[SERVER_N_STAGES] = {"receive", "queue", "keys", "evaluate",
                                                        "total"};

static void head(base_buffer *out, const char *name, const char *type, const char *help) {
  base_buffer_printf(out, "# HELP blindsight_%s %s\n# TYPE blindsight_%s %s\n", name, help, name,
                     type);
}

static void value(base_buffer *out, const char *name, const char *type, const char *help,
                  uint64_t v) {
  head(out, name, type, help);
  base_buffer_printf(out, "blindsight_%s %" PRIu64 "\n", name, v);
}

static void write_requests(base_buffer *out, const server_service *service) {
  const server_metrics *metrics = &service->metrics;
  const server_route *route = service->routes->route;
  size_t n_routes = service->routes->n;
  head(out, "requests_total", "counter", "Requests by route and class of status.");
  for (size_t i = 0; i <= n_routes; i++)
    for (int class = 1; class < 6; class ++) {
      uint64_t n = metrics->requests[i < n_routes ? i : SERVER_MAX_ROUTES][class];
      if (n > 0)
        base_buffer_printf(out,
                           "blindsight_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} "
                           "%" PRIu64 "\n",
                           i < n_routes ? route[i].method : "-", i < n_routes ? route[i].path : "-",
                           class, n);
    }
}

static void write_stages(base_buffer *out, const server_metrics *metrics) {
  head(out, "stage_seconds", "histogram", "Time that each stage of a request took.");
  for (int stage = 0; stage < SERVER_N_STAGES; stage++) {
    const server_histogram *histogram = &metrics->stage[stage];
    uint64_t n = 0;
    for (int i = 0; i < SERVER_N_BUCKETS; i++) {
      n += histogram->bucket[i];
      base_buffer_printf(out,
                         "blindsight_stage_seconds_bucket{stage=\"%s\",le=\"%g\"} %" PRIu64 "\n",
                         stage_name[stage], server_metrics_bucket_ms[i] / 1e3, n);
    }
    n += histogram->bucket[SERVER_N_BUCKETS];
    base_buffer_printf(out,
                       "blindsight_stage_seconds_bucket{stage=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
                       "blindsight_stage_seconds_sum{stage=\"%s\"} %.6f\n"
                       "blindsight_stage_seconds_count{stage=\"%s\"} %" PRIu64 "\n",
                       stage_name[stage], n, stage_name[stage], (double)histogram->sum_us / 1e6,
                       stage_name[stage], n);
  }
}

/* --- by model */

typedef uint64_t (*model_figure)(const server_model *model);

static uint64_t n_requests(const server_model *model) {
  return model->n_requests;
}

static uint64_t n_predictions(const server_model *model) {
  return model->n_predictions;
}

static uint64_t evaluate_us(const server_model *model) {
  return model->evaluate_us;
}

/* divisor 1 = whole numbers. */
static void write_each(base_buffer *out, server_model *const *models, size_t n, const char *name,
                       const char *help, model_figure figure, double divisor) {
  head(out, name, "counter", help);
  for (size_t i = 0; i < n; i++)
    base_buffer_printf(out, "blindsight_%s{model=\"%s\",version=\"%s\"} %.*f\n", name,
                       models[i]->name, models[i]->version, divisor > 1 ? 6 : 0,
                       (double)figure(models[i]) / divisor);
}

static void write_models(base_buffer *out, const server_service *service) {
  server_model **models;
  size_t n = server_model_set_all(&models, service->models);
  write_each(out, models, n, "model_requests_total", "Evaluations of each model.", n_requests, 1);
  write_each(out, models, n, "model_predictions_total", "Predictions counted of each model.",
             n_predictions, 1);
  write_each(out, models, n, "model_evaluate_seconds_total", "Time that each model's took.",
             evaluate_us, 1e6);
  for (size_t i = 0; i < n; i++)
    server_model_release(models[i]);
  base_free(models);
}

/* --- by token */

static void write_token(void *context, const char *token, uint64_t n_today) {
  base_buffer_printf(context, "blindsight_token_predictions_today{token=\"%s\"} %" PRIu64 "\n",
                     token, n_today);
}

static void write_tokens(base_buffer *out, const server_service *service) {
  head(out, "token_predictions_today", "gauge",
       "Predictions counted today of each token that came.");
  server_usage_each(service->usage, write_token, out);
}

/* --- the process, by the names that Prometheus' own libraries give them */

static void process(base_buffer *out, const char *name, const char *type, const char *help,
                    double v) {
  base_buffer_printf(out, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.17g\n", name,
                     help, name, type, name, v);
}

static void write_process(base_buffer *out, const server_service *service) {
  server_process_figures f;
  server_process_look(&f);
  process(out, "cpu_seconds_total", "counter", "Processor time of this process.", f.cpu_s);
  process(out, "resident_memory_bytes", "gauge", "Memory of this process.",
          (double)f.resident_bytes);
  process(out, "open_fds", "gauge", "Open files.", (double)f.open_files);
  process(out, "max_fds", "gauge", "Files that may be open.", (double)f.most_files);
  process(out, "start_time_seconds", "gauge", "Start of this process since 1970.",
          (double)service->metrics.started_ms / 1e3);
}

/* --- what may end: certificates and disks */

static void write_ends(base_buffer *out, const server_service *service) {
  server_audit_figures audit;
  server_audit_look(&audit, service->audit);
  value(out, "audit_lines_total", "counter", "Lines of the audit log, from the first one on.",
        audit.n_lines);
  value(out, "audit_counted_total", "counter", "Requests that were counted instead of logged.",
        audit.n_counted);
  value(out, "audit_bytes", "gauge", "What the audit log takes.", audit.n_bytes);
  value(out, "audit_ceiling_bytes", "gauge", "What it may take.", service->options.audit_bytes);
  value(out, "audit_files", "gauge", "Files of the audit log.", (uint64_t)audit.n_files);
  value(out, "disk_full", "gauge", "Whether nothing but the reserve was left of the disk.",
        server_reserve_is_spent());
  if (service->tls != NULL)
    value(out, "tls_certificate_expires_seconds", "gauge", "When the certificate ends, since 1970.",
          (uint64_t)server_tls_expires(service->tls));
}

void server_figures_write(base_buffer *out, const server_service *service, bool tokens) {
  const server_metrics *metrics = &service->metrics;
  server_cache_figures cache;
  server_cache_look(&cache, service->cache);
  write_requests(out, service);
  write_stages(out, metrics);
  value(out, "received_bytes_total", "counter", "Bytes of request bodies.", metrics->bytes_in);
  value(out, "sent_bytes_total", "counter", "Bytes of answers.", metrics->bytes_out);
  value(out, "predictions_total", "counter", "Predictions counted: numbers answered over outputs.",
        metrics->predictions);
  value(out, "refused_total", "counter", "Requests refused because the queue was full.",
        metrics->refused);
  value(out, "malformed_total", "counter",
        "Words of libmicrohttpd on what is no HTTP, and on connections that broke.",
        service->log.n_lines);
  value(out, "queue_depth", "gauge", "Requests that wait for a worker.",
        server_pool_depth(service->pool));
  value(out, "workers", "gauge", "Evaluations at a time.",
        (uint64_t)server_pool_workers(service->pool));
  value(out, "connections", "gauge", "Open connections.", (uint64_t)metrics->connections);
  value(out, "key_cache_hits_total", "counter", "Keys that were found expanded.", cache.n_hits);
  value(out, "key_cache_misses_total", "counter", "Keys that had to be read.", cache.n_misses);
  value(out, "key_cache_evictions_total", "counter", "Keys that made room.", cache.n_evictions);
  value(out, "key_cache_entries", "gauge", "Expanded keys in memory.", cache.n_entries);
  value(out, "key_cache_bytes", "gauge", "Memory of expanded keys.", cache.n_bytes);
  value(out, "key_cache_ceiling_bytes", "gauge", "What expanded keys may take.",
        service->ceiling.cache_bytes);
  value(out, "draining", "gauge", "Whether the server is about to end.",
        atomic_load(&service->draining));
  write_models(out, service);
  write_process(out, service);
  write_ends(out, service);
  if (tokens)
    write_tokens(out, service);
}
