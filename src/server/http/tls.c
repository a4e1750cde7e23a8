/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Certificates come in generations. A handshake takes the present one; those before it are kept for
 * longer than any handshake lasts, and freed when the next but one comes.
 */
#define _POSIX_C_SOURCE 200809L
#include "server/http/tls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"

#define MAX_BYTES ((size_t)1 << 20)
#define MAX_CHAIN 16
#define DAY_S 86400
#define SOON_DAYS 30
#define HANDSHAKE_S 7200

const char server_tls_priorities[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:"
    "+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE";

typedef struct generation {
  struct generation *before;
  gnutls_pcert_st certificate[MAX_CHAIN];
  unsigned n_certificates;
  gnutls_privkey_t key;
  int64_t expires, retired; /* seconds since 1970; retired 0 = it is the present one */
  bool for_servers;
} generation;

struct server_tls {
  const char *cert_path, *key_path;
  pthread_mutex_t lock;
  generation *present;
  int64_t said_day;
};

/* A handshake knows no service. */
static _Atomic(server_tls *) serving;

static ckks_status fail(const char *path, int code) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s", path, gnutls_strerror(code));
}

static void free_generation(generation *g) {
  for (unsigned i = 0; i < g->n_certificates; i++)
    gnutls_pcert_deinit(&g->certificate[i]);
  if (g->key != NULL)
    gnutls_privkey_deinit(g->key);
  base_free(g);
}

/* --- reading */

/* What the first certificate says of itself. */
static ckks_status look(generation *g, const char *path) {
  gnutls_x509_crt_t own;
  int code = gnutls_pcert_export_x509(&g->certificate[0], &own);
  if (code < 0)
    return fail(path, code);
  g->expires = (int64_t)gnutls_x509_crt_get_expiration_time(own);
  g->for_servers = gnutls_x509_crt_check_key_purpose(own, GNUTLS_KP_TLS_WWW_SERVER, 0) != 0;
  gnutls_x509_crt_deinit(own);
  return CKKS_OK;
}

static ckks_status read_chain(generation *g, const char *path) {
  uint8_t *bytes;
  size_t n;
  BASE_TRY(base_file_read(&bytes, &n, path, MAX_BYTES));
  const gnutls_datum_t text = {bytes, (unsigned)n};
  unsigned n_chain = MAX_CHAIN;
  int code = gnutls_pcert_list_import_x509_raw(g->certificate, &n_chain, &text, GNUTLS_X509_FMT_PEM,
                                               GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
  base_free(bytes);
  if (code < 0)
    return fail(path, code);
  g->n_certificates = n_chain;
  return look(g, path);
}

static ckks_status read_key(generation *g, const char *path) {
  uint8_t *bytes;
  size_t n;
  BASE_TRY(base_file_read(&bytes, &n, path, MAX_BYTES));
  const gnutls_datum_t text = {bytes, (unsigned)n};
  int code = gnutls_privkey_init(&g->key);
  if (code >= 0)
    code = gnutls_privkey_import_x509_raw(g->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
  base_wipe(bytes, n);
  base_free(bytes);
  return code < 0 ? fail(path, code) : CKKS_OK;
}

/* Both have one public key. */
static ckks_status check_pair(const generation *g, const char *cert_path, const char *key_path) {
  gnutls_pubkey_t public;
  unsigned char id[2][64];
  size_t n[2] = {sizeof id[0], sizeof id[1]};
  int code = gnutls_pubkey_init(&public);
  if (code < 0)
    return fail(key_path, code);
  code = gnutls_pubkey_import_privkey(public, g->key, 0, 0);
  if (code >= 0)
    code = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, id[0], &n[0]);
  if (code >= 0)
    code =
        gnutls_pubkey_get_key_id(g->certificate[0].pubkey, GNUTLS_KEYID_USE_SHA256, id[1], &n[1]);
  gnutls_pubkey_deinit(public);
  if (code < 0)
    return fail(key_path, code);
  if (n[0] != n[1] || memcmp(id[0], id[1], n[0]) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: is not the key of %s", key_path, cert_path);
  return CKKS_OK;
}

static ckks_status read_pair(generation **out, const server_tls *tls) {
  generation *g = base_alloc(sizeof *g);
  *out = NULL;
  if (g == NULL)
    return base_fail_memory(sizeof *g);
  ckks_status status = read_chain(g, tls->cert_path);
  if (status == CKKS_OK)
    status = read_key(g, tls->key_path);
  if (status == CKKS_OK)
    status = check_pair(g, tls->cert_path, tls->key_path);
  if (status == CKKS_OK)
    *out = g;
  else
    free_generation(g);
  return status;
}

/* --- saying */

static void say(const server_tls *tls, const generation *g, int64_t now) {
  char date[32] = "?";
  struct tm parts;
  time_t end = (time_t)g->expires;
  if (gmtime_r(&end, &parts) != NULL)
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
  int64_t days = (g->expires - now) / DAY_S;
  if (g->expires <= now)
    fprintf(stderr, "blindsight: warning: %s: EXPIRED on %s: clients will refuse it\n",
            tls->cert_path, date);
  else if (days < SOON_DAYS)
    fprintf(stderr, "blindsight: warning: %s: expires on %s, in %d days\n", tls->cert_path, date,
            (int)days);
  if (!g->for_servers)
    fprintf(stderr, "blindsight: warning: %s: its purposes do not include TLS servers\n",
            tls->cert_path);
}

void server_tls_remind(server_tls *tls) {
  int64_t now = (int64_t)time(NULL);
  if (tls == NULL)
    return;
  pthread_mutex_lock(&tls->lock);
  if (now / DAY_S != tls->said_day)
    say(tls, tls->present, now);
  tls->said_day = now / DAY_S;
  pthread_mutex_unlock(&tls->lock);
}

int64_t server_tls_expires(server_tls *tls) {
  pthread_mutex_lock(&tls->lock);
  int64_t expires = tls->present->expires;
  pthread_mutex_unlock(&tls->lock);
  return expires;
}

/* --- generations */

/* Held: the lock. */
static void free_old(generation *present, int64_t now) {
  generation **at = &present->before;
  while (*at != NULL) {
    generation *g = *at;
    if (now - g->retired < HANDSHAKE_S) {
      at = &g->before;
    } else {
      *at = g->before;
      free_generation(g);
    }
  }
}

ckks_status server_tls_reload(server_tls *tls) {
  generation *next;
  BASE_TRY(read_pair(&next, tls));
  int64_t now = (int64_t)time(NULL);
  pthread_mutex_lock(&tls->lock);
  if (tls->present != NULL)
    tls->present->retired = now;
  next->before = tls->present;
  tls->present = next;
  free_old(next, now);
  say(tls, next, now);
  tls->said_day = now / DAY_S;
  pthread_mutex_unlock(&tls->lock);
  return CKKS_OK;
}

ckks_status server_tls_build(server_tls **out, const char *cert_path, const char *key_path) {
  server_tls *tls = base_alloc(sizeof *tls);
  *out = NULL;
  if (tls == NULL)
    return base_fail_memory(sizeof *tls);
  *tls = (server_tls){.cert_path = cert_path, .key_path = key_path};
  pthread_mutex_init(&tls->lock, NULL);
  ckks_status status = server_tls_reload(tls);
  if (status != CKKS_OK) {
    server_tls_free(tls);
    return status;
  }
  atomic_store(&serving, tls);
  *out = tls;
  return CKKS_OK;
}

void server_tls_free(server_tls *tls) {
  if (tls == NULL)
    return;
  atomic_store(&serving, NULL);
  for (generation *g = tls->present, *before; g != NULL; g = before) {
    before = g->before;
    free_generation(g);
  }
  pthread_mutex_destroy(&tls->lock);
  base_free(tls);
}

int server_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *request, int n_request,
                        const gnutls_pk_algorithm_t *algorithm, int n_algorithms,
                        gnutls_pcert_st **certificate, unsigned *n_certificates,
                        gnutls_privkey_t *key) {
  server_tls *tls = atomic_load(&serving);
  (void)session, (void)request, (void)n_request, (void)algorithm, (void)n_algorithms;
  if (tls == NULL)
    return -1;
  pthread_mutex_lock(&tls->lock);
  *certificate = tls->present->certificate;
  *n_certificates = tls->present->n_certificates;
  *key = tls->present->key;
  pthread_mutex_unlock(&tls->lock);
  return 0;
}

/* --- clients */

bool server_tls_is_client(gnutls_session_t session) {
  unsigned problems = 1;
  gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                   .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
  return gnutls_certificate_verify_peers(session, &purpose, 1, &problems) == GNUTLS_E_SUCCESS &&
         problems == 0;
}
