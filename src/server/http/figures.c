/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/figures.h"

#include <inttypes.h>

#include "server/http/route.h"

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

void server_figures_write(base_buffer *out, const server_service *service) {
  const server_metrics *metrics = &service->metrics;
  server_cache_figures cache;
  server_cache_look(&cache, service->cache);
  write_requests(out, service);
  write_stages(out, metrics);
  value(out, "received_bytes_total", "counter", "Bytes of request bodies.", metrics->bytes_in);
  value(out, "sent_bytes_total", "counter", "Bytes of answers.", metrics->bytes_out);
  value(out, "predictions_total", "counter", "Rows evaluated.", metrics->predictions);
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
        service->options.cache_bytes);
  value(out, "draining", "gauge", "Whether the server is about to end.",
        atomic_load(&service->draining));
}
