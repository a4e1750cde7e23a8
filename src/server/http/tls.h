/* SPDX-License-Identifier: Apache-2.0 */
/* The server's certificate, which may be renewed while it serves, and those of clients. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H
#include <gnutls/abstract.h>

#include "server/server.h"

/** TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone. */
extern const char server_tls_priorities[];

typedef struct server_tls server_tls;
/** Reads the two PEM files. CKKS_ERROR_FORMAT: they are none, or do not belong together. Says on
 * standard error what is wrong with the certificate, or soon will be. One a process at a time. */
ckks_status server_tls_build(server_tls **out, const char *cert_path, const char *key_path);
void server_tls_free(server_tls *tls); /**< NULL allowed */
/** Reads them anew, for handshakes from now on. On an error the old ones stay. */
ckks_status server_tls_reload(server_tls *tls);
/** Says once a day what server_tls_build says. */
void server_tls_remind(server_tls *tls);
/** When the first certificate of the chain ends, in seconds since 1970. */
int64_t server_tls_expires(server_tls *tls);
/** For libmicrohttpd: the certificate of a handshake. */
int server_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *request, int n_request,
                        const gnutls_pk_algorithm_t *algorithm, int n_algorithms,
                        gnutls_pcert_st **certificate, unsigned *n_certificates,
                        gnutls_privkey_t *key);
/** Whether the client has shown a certificate of an authority that was given, not expired, and
 * made for clients (or for everything). */
bool server_tls_is_client(gnutls_session_t session);
#endif
