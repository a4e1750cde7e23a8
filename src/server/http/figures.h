/* SPDX-License-Identifier: Apache-2.0 */
/* Figures in Prometheus' text form. */
#ifndef SERVER_FIGURES_H
#define SERVER_FIGURES_H
#include "base/bytes.h"
#include "server/service.h"

void server_figures_write(base_buffer *out, const server_service *service);
#endif
