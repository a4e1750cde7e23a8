/* SPDX-License-Identifier: Apache-2.0 */
/**
 * HTML text and small plots in SVG. Plots have a size of their own and stretch with the page;
 * their colours are classes of the page's style (report_style.c), so that they follow light
 * and dark.
 */
#ifndef CLI_REPORT_SVG_H
#define CLI_REPORT_SVG_H
#include <stdbool.h>

#include "base/bytes.h"

/** Text from outside: what means something in HTML or in an attribute is escaped. */
void cli_report_text(base_buffer *out, const char *text);
/** The same, of at most so many characters; what is longer ends in an ellipsis. */
void cli_report_short_text(base_buffer *out, const char *text, int n_characters);

typedef struct cli_report_axis {
  const char *title; /**< markup of ours */
  double low, high;  /**< the exponents when `powers` */
  double step;       /**< from tick to tick */
  int decimals;      /**< of the ticks */
  bool powers;       /**< ticks are powers of ten */
} cli_report_axis;

typedef struct cli_report_plot {
  base_buffer *out;
  cli_report_axis x, y;
  int n_keys; /**< entries of the legend so far */
} cli_report_plot;

/** From just below `low` to just above `high`, in three to nine round steps. */
cli_report_axis cli_report_axis_round(const char *title, double low, double high);
/** `title` is read out to those who do not see the plot. */
void cli_report_plot_begin(cli_report_plot *plot, const char *title);
/** One colour and what it stands for; `series` is 0 or 1. */
void cli_report_plot_key(cli_report_plot *plot, int series, const char *text);
void cli_report_plot_line(const cli_report_plot *plot, const double *x, const double *y, size_t n,
                          int series);
/** From the x axis up to y, from x0 to x1. */
void cli_report_plot_bar(const cli_report_plot *plot, double x0, double x1, double y, int series);
/** A point among many. */
void cli_report_plot_dot(const cli_report_plot *plot, double x, double y, int series);
/** A dotted line to (x1, y1), where its name ends. */
void cli_report_plot_mark(const cli_report_plot *plot, double x0, double y0, double x1, double y1,
                          const char *text);
void cli_report_plot_end(const cli_report_plot *plot);

/** A bar that lies, with its name and its value above. */
typedef struct cli_report_bar {
  const char *name, *note; /**< markup of ours */
  double value;
  char text[24]; /**< the value, as it is written */
  int series;
} cli_report_bar;
void cli_report_bars(base_buffer *out, const char *title, const cli_report_bar *bars, size_t n);
/** Rows: true class; columns: predicted. */
void cli_report_confusion(base_buffer *out, const char *title, const size_t *confusion,
                          const char *const *label, size_t n_classes, int series);
#endif
