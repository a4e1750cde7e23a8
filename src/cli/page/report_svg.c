/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page/report_svg.h"

#include <math.h>
#include <string.h>

/* The frame of a plot, in units of its view box. */
#define WIDTH 480.0
#define HEIGHT 320.0
#define LEFT 64.0
#define RIGHT (WIDTH - 22.0)
#define TOP 34.0
#define BOTTOM (HEIGHT - 50.0)

/* --- text */

/* The bytes of the character that `text` starts with. */
static size_t character(const char *text) {
  size_t n = 1;
  while (((unsigned char)text[n] & 0xc0) == 0x80)
    n++;
  return n;
}

void cli_report_short_text(base_buffer *out, const char *text, int n_characters) {
  for (int i = 0; *text != '\0'; i++) {
    size_t n = character(text);
    if (i == n_characters - 1 && text[n] != '\0') {
      base_buffer_printf(out, "&hellip;");
      return;
    }
    if (strchr("<>&\"'", *text) != NULL)
      base_buffer_printf(out, "&#%d;", *text);
    else
      base_buffer_append(out, text, n);
    text += n;
  }
}

void cli_report_text(base_buffer *out, const char *text) {
  cli_report_short_text(out, text, 1 << 30);
}

/* --- axes */

cli_report_axis cli_report_axis_round(const char *title, double low, double high) {
  cli_report_axis axis = {.title = title};
  double range = high > low ? high - low : 1.0;
  double power = pow(10.0, floor(log10(range / 4.0))), left = range / 4.0 / power;
  axis.step = power * (left < 1.5 ? 1.0 : left < 3.5 ? 2.0 : left < 7.5 ? 5.0 : 10.0);
  axis.decimals = axis.step < 1.0 ? (int)ceil(-log10(axis.step) - 1e-9) : 0;
  axis.low = axis.step * floor(low / axis.step + 1e-9);
  axis.high = axis.step * ceil(high / axis.step - 1e-9);
  if (axis.high <= axis.low)
    axis.high = axis.low + axis.step;
  return axis;
}

static double along(const cli_report_axis *axis, double value, double from, double to) {
  double share = (value - axis->low) / (axis->high - axis->low);
  return from + fmin(fmax(share, 0.0), 1.0) * (to - from);
}
static double at_x(const cli_report_plot *plot, double x) {
  return along(&plot->x, x, LEFT, RIGHT);
}
static double at_y(const cli_report_plot *plot, double y) {
  return along(&plot->y, y, BOTTOM, TOP);
}

static void tick_text(base_buffer *out, const cli_report_axis *axis, double value) {
  if (!axis->powers)
    base_buffer_printf(out, "%.*f", axis->decimals, fabs(value) < 1e-12 ? 0.0 : value);
  else
    base_buffer_printf(out, "10<tspan class=\"up\" dy=\"-6\">%s%.0f</tspan>",
                       value < 0.0 ? "&#8722;" : "", fabs(value));
}

static void draw_ticks(const cli_report_plot *plot) {
  base_buffer *out = plot->out;
  int n_x = (int)lround((plot->x.high - plot->x.low) / plot->x.step);
  int n_y = (int)lround((plot->y.high - plot->y.low) / plot->y.step);
  for (int i = 0; i <= n_y; i++) {
    double value = plot->y.low + i * plot->y.step, y = at_y(plot, value);
    base_buffer_printf(out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", LEFT, y, RIGHT);
    base_buffer_printf(out, "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">", LEFT - 8.0, y + 4.5);
    tick_text(out, &plot->y, value);
    base_buffer_printf(out, "</text>\n");
  }
  for (int i = 0; i <= n_x; i++) {
    double value = plot->x.low + i * plot->x.step;
    base_buffer_printf(out, "<text class=\"mid\" x=\"%.1f\" y=\"%.1f\">", at_x(plot, value),
                       BOTTOM + 20.0);
    tick_text(out, &plot->x, value);
    base_buffer_printf(out, "</text>\n");
  }
}

/* --- plots */

static void svg_begin(base_buffer *out, double height, const char *title) {
  base_buffer_printf(out,
                     "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">"
                     "<title>%s</title>\n",
                     WIDTH, height, title, title);
}

void cli_report_plot_begin(cli_report_plot *plot, const char *title) {
  base_buffer *out = plot->out;
  svg_begin(out, HEIGHT, title);
  draw_ticks(plot);
  base_buffer_printf(out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", LEFT, BOTTOM, RIGHT);
  base_buffer_printf(out, "<text class=\"mid name\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                     0.5 * (LEFT + RIGHT), HEIGHT - 8.0, plot->x.title);
  base_buffer_printf(out,
                     "<text class=\"mid name\" transform=\"translate(13 %.1f) rotate(-90)\">"
                     "%s</text>\n",
                     0.5 * (TOP + BOTTOM), plot->y.title);
}

void cli_report_plot_key(cli_report_plot *plot, int series, const char *text) {
  double x = LEFT + 4.0 + 190.0 * plot->n_keys++;
  base_buffer_printf(plot->out,
                     "<rect class=\"f%d\" x=\"%.1f\" y=\"10\" width=\"18\" height=\"8\" rx=\"2\"/>"
                     "<text x=\"%.1f\" y=\"18.5\">%s</text>\n",
                     series, x, x + 25.0, text);
}

void cli_report_plot_line(const cli_report_plot *plot, const double *x, const double *y, size_t n,
                          int series) {
  base_buffer_printf(plot->out, "<polyline class=\"s%d\" points=\"", series);
  for (size_t i = 0; i < n; i++)
    base_buffer_printf(plot->out, "%s%.1f,%.1f", i > 0 ? " " : "", at_x(plot, x[i]),
                       at_y(plot, y[i]));
  base_buffer_printf(plot->out, "\"/>\n");
}

void cli_report_plot_bar(const cli_report_plot *plot, double x0, double x1, double y, int series) {
  double left = at_x(plot, x0), right = at_x(plot, x1), top = at_y(plot, y);
  if (y > plot->y.low)
    base_buffer_printf(plot->out,
                       "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
                       "\n",
                       series, left, top, right - left, BOTTOM - top);
}

void cli_report_plot_dot(const cli_report_plot *plot, double x, double y, int series) {
  base_buffer_printf(plot->out, "<circle class=\"f%d dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n",
                     series, at_x(plot, x), at_y(plot, y));
}

void cli_report_plot_mark(const cli_report_plot *plot, double x0, double y0, double x1, double y1,
                          const char *text) {
  const double character_width = 7.5, gap = 7.0;
  double left = at_x(plot, x0), right = at_x(plot, x1), from = at_y(plot, y0), to = at_y(plot, y1);
  /* The text stays below the line from where it begins on. */
  double begin = right - gap - character_width * (double)strlen(text);
  double above = right > left ? to + (from - to) * (right - begin) / (right - left) : to;
  base_buffer_printf(plot->out,
                     "<path class=\"mark\" d=\"M%.1f %.1fL%.1f %.1f\"/>"
                     "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                     left, from, right, to, right - gap, above + 15.0, text);
}

void cli_report_plot_end(const cli_report_plot *plot) {
  base_buffer_printf(plot->out, "</svg>\n");
}

/* --- bars that lie */

void cli_report_bars(base_buffer *out, const char *title, const cli_report_bar *bars, size_t n) {
  const double row = 44.0, left = 2.0, full = WIDTH - 4.0, least = 3.0;
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, bars[i].value);
  svg_begin(out, row * (double)n + 4.0, title);
  for (size_t i = 0; i < n; i++) {
    double y = row * (double)i, width = most > 0.0 ? full * bars[i].value / most : 0.0;
    base_buffer_printf(out,
                       "<text x=\"%.1f\" y=\"%.1f\"><tspan class=\"strong\">%s</tspan>"
                       "<tspan class=\"soft\" dx=\"8\">%s</tspan></text>"
                       "<text class=\"end strong\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                       left, y + 17.0, bars[i].name, bars[i].note, left + full, y + 17.0,
                       bars[i].text);
    base_buffer_printf(out,
                       "<rect class=\"bed\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"10\" "
                       "rx=\"3\"/><rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                       "height=\"10\" rx=\"3\"/>\n",
                       left, y + 24.0, full, bars[i].series, left, y + 24.0, fmax(width, least));
  }
  base_buffer_printf(out, "</svg>\n");
}

/* --- confusion matrices */

static void draw_cell(base_buffer *out, double x, double y, double w, double h, size_t count,
                      size_t n_true, int series) {
  /* Never so dark that the number is hard to read. */
  double share = n_true > 0 ? (double)count / (double)n_true : 0.0;
  base_buffer_printf(out,
                     "<rect class=\"f%d\" fill-opacity=\"%.3f\" x=\"%.1f\" y=\"%.1f\" "
                     "width=\"%.1f\" height=\"%.1f\" rx=\"6\"/>",
                     series, 0.07 + 0.38 * share, x + 2.0, y + 2.0, w - 4.0, h - 4.0);
  base_buffer_printf(out, "<text class=\"mid count\" x=\"%.1f\" y=\"%.1f\">%zu</text>\n",
                     x + 0.5 * w, y + 0.5 * h + 8.0, count);
}

void cli_report_confusion(base_buffer *out, const char *title, const size_t *confusion,
                          const char *const *label, size_t n_classes, int series) {
  const double left = 112.0, top = 54.0, height = n_classes > 3 ? 380.0 : 230.0;
  double w = (WIDTH - left - 4.0) / (double)n_classes, h = (height - top) / (double)n_classes;
  int n_characters = n_classes > 4 ? 6 : 12;
  svg_begin(out, height + 4.0, title);
  base_buffer_printf(out, "<text class=\"mid soft\" x=\"%.1f\" y=\"16\">predicted</text>",
                     left + 0.5 * (WIDTH - left));
  base_buffer_printf(out, "<text class=\"soft\" x=\"2\" y=\"40\">true</text>\n");
  for (size_t i = 0; i < n_classes; i++) {
    size_t n_true = 0;
    double middle = top + h * ((double)i + 0.5);
    base_buffer_printf(out, "<text class=\"mid strong\" x=\"%.1f\" y=\"40\">",
                       left + w * ((double)i + 0.5));
    cli_report_short_text(out, label[i], n_characters);
    base_buffer_printf(out, "</text><text class=\"strong\" x=\"2\" y=\"%.1f\">", middle + 5.0);
    cli_report_short_text(out, label[i], 12);
    base_buffer_printf(out, "</text>\n");
    for (size_t j = 0; j < n_classes; j++)
      n_true += confusion[i * n_classes + j];
    for (size_t j = 0; j < n_classes; j++)
      draw_cell(out, left + w * (double)j, top + h * (double)i, w, h, confusion[i * n_classes + j],
                n_true, series);
  }
  base_buffer_printf(out, "</svg>\n");
}
