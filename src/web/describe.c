/* SPDX-License-Identifier: Apache-2.0 */
/* The client file as JSON. Names in it are text without control characters (encoding/names.h). */
#include <math.h>

#include "web/web.h"

#define MAX_BYTES ((size_t)64 << 20) /* of features with all their categories */

static void put_text(base_buffer *out, const char *text) {
  base_buffer_u8(out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      base_buffer_u8(out, '\\');
    base_buffer_u8(out, (uint8_t)*text);
  }
  base_buffer_u8(out, '"');
}

/* JSON has no other numbers than finite ones. */
static void put_number(base_buffer *out, const char *name, double value) {
  base_buffer_printf(out, ",\"%s\":", name);
  if (isfinite(value))
    base_buffer_decimal(out, value);
  else
    base_buffer_printf(out, "null");
}

static void put_texts(base_buffer *out, char *const *text, size_t n) {
  base_buffer_u8(out, '[');
  for (size_t i = 0; i < n; i++) {
    if (i > 0)
      base_buffer_u8(out, ',');
    put_text(out, text[i]);
  }
  base_buffer_u8(out, ']');
}

/* --- features */

static const char *kind_name(encoding_input_kind kind) {
  return kind == ENCODING_CATEGORIES ? "categories" : kind == ENCODING_BINS ? "bins" : "scale";
}

static void put_feature(base_buffer *out, size_t i, const plan_interface *interface) {
  const encoding_feature *feature =
      interface->input.feature != NULL ? &interface->input.feature[i] : NULL;
  encoding_input_kind kind = feature != NULL ? feature->kind : ENCODING_SCALE;
  bool may_lack = !interface->meaning.complete && (kind != ENCODING_CATEGORIES || feature->missing);
  base_buffer_printf(out, "{\"name\":");
  put_text(out, interface->feature[i]);
  base_buffer_printf(out, ",\"kind\":\"%s\",\"required\":%s", kind_name(kind),
                     may_lack ? "false" : "true");
  put_number(out, "low", interface->low[i]);
  put_number(out, "high", interface->high[i]);
  put_number(out, "mean", interface->mean[i]);
  put_number(out, "usual", interface->padding[i]);
  if (kind == ENCODING_CATEGORIES) {
    base_buffer_printf(out, ",\"categories\":");
    put_texts(out, feature->category, feature->n_values);
  }
  base_buffer_u8(out, '}');
}

static void put_image(base_buffer *out, const plan_interface *interface) {
  size_t image[3];
  if (encoding_image_shape(image, interface->feature, interface->n_features))
    base_buffer_printf(out, ",\"image\":{\"channels\":%zu,\"height\":%zu,\"width\":%zu}", image[0],
                       image[1], image[2]);
  else
    base_buffer_printf(out, ",\"image\":null");
}

/* --- packings */

static void put_packing(base_buffer *out, plan_packing packing, const plan_interface *interface) {
  const plan_cost *cost = &interface->cost[packing];
  base_buffer_printf(out, ",\"%s\":", packing == PLAN_LATENCY ? "latency" : "throughput");
  if (!interface->layout[packing].available) {
    base_buffer_printf(out, "null");
    return;
  }
  base_buffer_printf(out, "{\"rows\":%zu,\"uploadBytes\":%zu,\"downloadBytes\":%zu",
                     plan_pack_rows(interface, packing), cost->input_bytes, cost->output_bytes);
  put_number(out, "predictedMs", cost->predicted_ms);
  put_number(out, "predictedError", cost->predicted_error);
  base_buffer_u8(out, '}');
}

static void put_params(base_buffer *out, const plan_interface *interface) {
  base_buffer_printf(out, ",\"securityBits\":%d,\"log2N\":%d,\"depth\":%d,\"keyBytes\":%zu",
                     (int)interface->literal.security, interface->literal.log2_n, interface->depth,
                     interface->key_bytes);
  put_number(out, "log2QP", ckks_params_log2_qp(interface->params));
  put_number(out, "log2QPLimit", ckks_params_log2_qp_limit(interface->params));
}

static void put_client(base_buffer *out, const plan_interface *interface) {
  base_buffer_printf(out, "{\"name\":");
  put_text(out, interface->name);
  base_buffer_printf(out, ",\"plan\":\"");
  for (int i = 0; i < PLAN_ID_BYTES; i++)
    base_buffer_printf(out, "%02x", interface->id[i]);
  base_buffer_printf(out, "\",\"kind\":\"%s\",\"end\":\"%s\",\"contract\":\"%s\"",
                     encoding_meaning_kind_name(interface->meaning.kind),
                     encoding_meaning_end_name(interface->meaning.end),
                     interface->contract == PLAN_CERTIFIED ? "certified" : "guarded");
  put_params(out, interface);
  put_packing(out, PLAN_LATENCY, interface);
  put_packing(out, PLAN_THROUGHPUT, interface);
  base_buffer_printf(out, ",\"labels\":");
  put_texts(out, interface->label, interface->n_outputs);
  put_image(out, interface);
  base_buffer_printf(out, ",\"features\":[");
  for (size_t i = 0; i < interface->n_features; i++) {
    if (i > 0)
      base_buffer_u8(out, ',');
    put_feature(out, i, interface);
  }
  base_buffer_printf(out, "]}");
}

WEB_EXPORT(describe)
ckks_status web_describe_client(uint8_t **out, size_t *n_bytes, const web_client *client) {
  base_buffer buffer;
  base_buffer_init(&buffer, MAX_BYTES);
  put_client(&buffer, &client->interface);
  ckks_status status = base_buffer_status(&buffer);
  *out = status == CKKS_OK ? buffer.bytes : NULL;
  *n_bytes = status == CKKS_OK ? buffer.n_bytes : 0;
  if (status != CKKS_OK)
    base_buffer_clear(&buffer);
  return status;
}
