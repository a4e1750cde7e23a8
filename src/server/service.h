/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the three parts of this room share: `store` outlives the process, `compute` does the work,
 * `http` talks. Each calls only those before it; service.c builds them in this order.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H
#include "server/compute/cache.h"
#include "server/compute/ceiling.h"
#include "server/compute/metrics.h"
#include "server/compute/pool.h"
#include "server/http/log.h"
#include "server/server.h"
#include "server/store/audit.h"
#include "server/store/database.h"
#include "server/store/upload.h"
#include "server/store/usage.h"

struct server_service {
  server_options options;
  server_database *database;
  server_model_set *models;
  server_cache *cache;
  server_ceiling ceiling; /* of keys and bodies */
  server_pool *pool;
  server_usage *usage;
  server_audit *audit;
  server_metrics metrics;
  server_log log;
  server_uploads uploads;
  const struct server_routes *routes; /* what there is (http/route.h) */
  struct server_links *links;
  struct MHD_Daemon *daemon;
  struct server_tls *tls;   /* NULL = none */
  struct server_page *page; /* NULL = none */
  char *client_ca;          /* PEM: libmicrohttpd keeps the pointer */
  atomic_bool draining;
  atomic_int n_requests;     /* begun and not yet answered */
  atomic_size_t body_memory; /* bytes of bodies that are held there */
  uint16_t port;
};
#endif
