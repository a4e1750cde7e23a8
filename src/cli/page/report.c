/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "cli/page/report.h"

#include <math.h>
#include <time.h>

#include "base/cpu.h"
#include "base/file.h"
#include "cli/page/report_svg.h"
#include "cli/print.h"

#define MOST_PAGE_BYTES ((size_t)16 << 20)

static void card_begin(base_buffer *out, const char *title) {
  base_buffer_printf(out, "<div class=\"card\"><h3>%s</h3>\n", title);
}

static void card_end(base_buffer *out) {
  base_buffer_printf(out, "</div>\n");
}

static void section(base_buffer *out, const char *title, const char *text) {
  base_buffer_printf(out, "<h2>%s</h2>\n<p>%s</p>\n", title, text);
}

/* --- the top */

static void page_begin(base_buffer *out) {
  base_buffer_printf(out,
                     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>Blindsight: predictions on encrypted rows</title>\n<style>\n%s"
                     "</style>\n</head>\n<body>\n<main>\n",
                     cli_report_style);
}

static void opening(base_buffer *out, const cli_demo_story *demo) {
  bool holds = cli_demo_check(demo) == CKKS_OK;
  base_buffer_printf(out,
                     "<h1>A server that predicts without seeing</h1>\n<p>%zu clients with "
                     "keys of their own, and then %zu rows of <code>",
                     (size_t)demo->options.n_clients, demo->n_rows);
  cli_report_text(out, demo->options.data);
  base_buffer_printf(out, "</code> that the model had not been trained on, were encrypted, "
                          "evaluated by a process that holds no key to them, and decrypted. "
                          "Every output is held here against the one in clear.</p>\n");
  if (holds)
    base_buffer_printf(out, "<div class=\"verdict\">Every prediction is the same as in clear</div>"
                            "\n");
  else {
    base_buffer_printf(out, "<div class=\"verdict broken\">");
    cli_report_text(out, base_last_error());
    base_buffer_printf(out, "</div>\n");
  }
  cli_report_tiles(out, demo);
}

/* --- who sees what */

static void person(base_buffer *out, const char *name, const char *sees, const char *sends,
                   const char *never) {
  card_begin(out, name);
  base_buffer_printf(out,
                     "<dl><dt>sees</dt><dd>%s</dd><dt>sends</dt><dd>%s</dd>"
                     "<dt>never sees</dt><dd>%s</dd></dl>\n",
                     sees, sends, never);
  card_end(out);
}

static void who_sees_what(base_buffer *out, const cli_demo_story *demo) {
  const cli_demo_costs *costs = &demo->clients[0].costs;
  char text[160], keys[16], sample[16], result[16];
  section(out, "Who sees what",
          "The client encrypts its row. The server computes on the encryption, with numbers that "
          "look random to it, and returns another encryption. Only the client&rsquo;s secret key, "
          "which never leaves it, turns that into a prediction.");
  base_buffer_printf(out, "<div class=\"trio\">\n");
  snprintf(text, sizeof text,
           "evaluation keys, once (%s), and an encrypted sample for each row (%s)",
           cli_print_bytes(keys, costs->key_bytes), cli_print_bytes(sample, costs->sample_bytes));
  person(out, "The client", "its own row, its secret key, its prediction", text,
         "the weights of the model");
  snprintf(text, sizeof text, "an encrypted result (%s)",
           cli_print_bytes(result, costs->result_bytes));
  person(out, "The server", "the model, evaluation keys, encryptions", text,
         "rows, outputs, predictions, secret keys; its program holds no code that could decrypt");
  person(out, "The owner of the model", "the rows it trains on, in clear, and the model",
         "the compiled model to the server; to clients a file that everybody may read",
         "anything of the clients");
  base_buffer_printf(
      out, "</div>\n<p class=\"soft\">What encryption does not hide: that a client asks, when, and "
           "how many rows. It does not prove that the server used the model that it promised; and "
           "whoever gets many predictions learns something of a model, encrypted or not.</p>\n");
}

/* --- the sections between */

static void model_section(base_buffer *out, const cli_demo_story *demo) {
  char text[256];
  snprintf(text, sizeof text,
           "Trained on rows in clear in %.2f s, %zu epochs. Validation rows take no part in "
           "training; it is they that are encrypted below.",
           demo->train_ms / 1e3, demo->n_epochs);
  section(out, "The model", text);
  base_buffer_printf(out, "<div class=\"pair\">\n");
  card_begin(out, "Loss");
  cli_report_losses(out, demo);
  card_end(out);
  if (demo->metrics->n_roc > 0) {
    card_begin(out, "ROC, in clear and under encryption");
    cli_report_roc(out, demo);
    card_end(out);
  }
  base_buffer_printf(out, "</div>\n");
}

static void clients_section(base_buffer *out, const cli_demo_story *demo) {
  section(out, "Private clients",
          "Each made keys of its own, encrypted one row, and left the server nothing but files. "
          "The error is |encrypted &#8722; clear| / max(1, |clear|), the larger of a row&rsquo;s "
          "outputs.");
  cli_report_clients(out, demo);
}

static void rows_section(base_buffer *out, const cli_demo_story *demo) {
  char rows[64], text[96];
  snprintf(text, sizeof text, "%s, both ways", cli_demo_rows(rows, demo));
  section(out, text,
          "Once with a ciphertext for each row, as for a single client who waits; once with all "
          "rows in one batch, a row a slot, as for many rows of one client.");
  cli_report_metrics(out, demo);
  base_buffer_printf(out, "<div class=\"pair\">\n");
  card_begin(out, "Predictions in clear");
  cli_report_confusion_of(out, demo, -1);
  card_end(out);
  card_begin(out, "Predictions under encryption");
  cli_report_confusion_of(out, demo, BLINDSIGHT_LATENCY);
  card_end(out);
  card_begin(out, "Errors of all outputs");
  cli_report_errors(out, demo);
  card_end(out);
  card_begin(out, "How close predictions are to changing");
  cli_report_margins(out, demo);
  card_end(out);
  base_buffer_printf(out,
                     "</div>\n<p class=\"soft\">Encryption adds a little noise to every number, on "
                     "purpose: it is what hides them. The parameters are chosen so that what is "
                     "left of it stays below what the owner asked for; here every output is right "
                     "to about %.0f digits, far from what would change a prediction.</p>\n",
                     floor(-log10(demo->max_error > 0.0 ? demo->max_error : 1e-15)));
}

static void costs_section(base_buffer *out, const cli_demo_story *demo) {
  char text[400], peak[16];
  snprintf(text, sizeof text,
           "Medians over the clients, one core. Keys, encryption and decryption are timed as whole "
           "processes, files included; inference and the loading of keys by the process itself, "
           "which took %s of memory at most. The model compiled in %.2f s.",
           cli_print_bytes(peak, cli_demo_peak_rss_bytes(demo)), demo->compile_ms / 1e3);
  section(out, "What it cost", text);
  base_buffer_printf(out, "<div class=\"pair\">\n");
  card_begin(out, "Where the milliseconds go");
  cli_report_times(out, demo);
  card_end(out);
  card_begin(out, "Where the bytes go");
  cli_report_bytes(out, demo);
  card_end(out);
  base_buffer_printf(out, "</div>\n");
}

/* --- the end */

static void commands(base_buffer *out, const cli_demo_story *demo) {
  section(out, "The same by hand", "What this run did, as commands.");
  base_buffer_printf(out, "<div class=\"card\"><pre><code>blindsight train ");
  cli_report_text(out, demo->options.data);
  base_buffer_printf(out, " --label ");
  cli_report_text(out, demo->options.label);
  base_buffer_printf(out, " -o ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, ".model --validation validation.csv\nblindsight compile ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, ".model -o ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, "\nblindsight keygen ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, ".client -o me\nblindsight encrypt ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, ".client validation.csv --rows 0 --key me.key -o sample\n"
                          "blindsight-infer ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, ".server sample --keys me.keys -o result\nblindsight decrypt ");
  cli_report_text(out, demo->name);
  base_buffer_printf(out, ".client result --key me.key --outputs</code></pre></div>\n");
}

static void closing(base_buffer *out, const cli_demo_story *demo) {
  char date[32] = "";
  time_t now = time(NULL);
  struct tm parts;
  if (gmtime_r(&now, &parts) != NULL)
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
  base_buffer_printf(out, "<footer>Blindsight %s, %s, ", ckks_version(), date);
  cli_report_text(out, base_cpu_get()->name);
  base_buffer_printf(out,
                     ". %.1f s in all. Everything here was measured in this run; "
                     "<code>report.json</code> holds the same for programs.</footer>\n"
                     "</main>\n</body>\n</html>\n",
                     demo->total_ms / 1e3);
}

ckks_status cli_report_write(const cli_demo_story *demo) {
  char path[CLI_DEMO_PATH_BYTES];
  base_buffer page;
  base_buffer_init(&page, MOST_PAGE_BYTES);
  page_begin(&page);
  opening(&page, demo);
  who_sees_what(&page, demo);
  model_section(&page, demo);
  clients_section(&page, demo);
  rows_section(&page, demo);
  costs_section(&page, demo);
  section(&page, "The plan", "What <code>blindsight compile</code> chose for this model.");
  cli_report_plan(&page, demo);
  commands(&page, demo);
  closing(&page, demo);
  ckks_status status = base_buffer_status(&page);
  cli_demo_path(path, demo, "report.html");
  if (status == CKKS_OK)
    status = base_file_write(path, page.bytes, page.n_bytes, 0644);
  base_buffer_clear(&page);
  return status;
}
