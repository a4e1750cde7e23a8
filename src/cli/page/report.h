/* SPDX-License-Identifier: Apache-2.0 */
/* report.html: one page that needs nothing beside itself, no script and no network. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H
#include "base/bytes.h"
#include "cli/demo/demo.h"

/** Writes <out>/report.html. */
ckks_status cli_report_write(const cli_demo_story *demo);

/* --- report_tables.c */
void cli_report_tiles(base_buffer *out, const cli_demo_story *demo);
void cli_report_clients(base_buffer *out, const cli_demo_story *demo);
void cli_report_metrics(base_buffer *out, const cli_demo_story *demo);
void cli_report_plan(base_buffer *out, const cli_demo_story *demo);

/* --- report_plots.c */
void cli_report_losses(base_buffer *out, const cli_demo_story *demo);
/** Nothing when there are not two classes. */
void cli_report_roc(base_buffer *out, const cli_demo_story *demo);
/** In clear (-1) or under encryption, in a packing. */
void cli_report_confusion_of(base_buffer *out, const cli_demo_story *demo, int packing);
void cli_report_errors(base_buffer *out, const cli_demo_story *demo);
/** How far each row is from another prediction. */
void cli_report_margins(base_buffer *out, const cli_demo_story *demo);
void cli_report_bytes(base_buffer *out, const cli_demo_story *demo);
void cli_report_times(base_buffer *out, const cli_demo_story *demo);

/* --- report_style.c */
extern const char cli_report_style[]; /**< the page's style sheet */
#endif
