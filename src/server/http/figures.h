/* SPDX-License-Identifier: Apache-2.0 */
/* Figures in Prometheus' text form. */
#ifndef SERVER_FIGURES_H
#define SERVER_FIGURES_H
#include "base/bytes.h"
#include "server/service.h"

/** All tenants together; `tokens`: and each token's own, for who may see them. */
void server_figures_write(base_buffer *out, const server_service *service, bool tokens);
#endif
