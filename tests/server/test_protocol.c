/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP and the Open Inference Protocol by the letter: what proxies, browsers and other clients may
 * send, and what nobody may. docs/operations.md has the table of these cases. */
#define _GNU_SOURCE
#include <zlib.h>

#include "server/fixture.h"

static test_service t;

/* A request as it stands, $T standing for a token; answers are counted. */
static int raw(test_reply *reply, const char *text) {
  char bytes[4096] = "";
  for (size_t n = 0; *text != '\0'; n = strlen(bytes))
    if (strncmp(text, "$T", 2) == 0) {
      strcat(bytes, t.client[0].token);
      text += 2;
    } else {
      bytes[n] = *text++;
      bytes[n + 1] = '\0';
    }
  test_exchange(reply, &t, bytes, strlen(bytes));
  return reply->status;
}

/* libmicrohttpd's own refusals say their head twice, and end the connection. */
static int count_answers(const test_reply *reply) {
  int n = reply->status == 400 && memmem(reply->head, reply->n_bytes, "<html>", 6) != NULL ? -1 : 0;
  const char *at = reply->head;
  size_t left = reply->n_bytes;
  while ((at = memmem(at, left, "HTTP/1.1 ", 9)) != NULL) {
    n++;
    at += 9;
    left = reply->n_bytes - (size_t)(at - reply->head);
  }
  return n;
}

static void is(const char *text, int status, int n_answers) {
  test_reply reply;
  raw(&reply, text);
  if (reply.status != status || count_answers(&reply) != n_answers)
    fail_msg("%s: %d, %d answers", text, reply.status, count_answers(&reply));
  test_reply_clear(&reply);
}

#define HOST "Host: x\r\n"
#define END HOST "Connection: close\r\n\r\n"
#define TOKEN "Authorization: Bearer $T\r\n"

/* --- what must be understood */

static void test_understood(void **state) {
  (void)state;
  is("GET /v2 HTTP/1.1\r\n" END, 200, 1);
  is("GET /v2/ HTTP/1.1\r\n" END, 200, 1);
  is("GET http://elsewhere.example/v2 HTTP/1.1\r\n" END, 200, 1);
  is("GET http://elsewhere.example/v2/models HTTP/1.1\r\n" TOKEN END, 200, 1);
  is("GET /v2/%6dodels HTTP/1.1\r\n" TOKEN END, 200, 1);
  is("GET /v2/models/?x=%00 HTTP/1.1\r\n" TOKEN END, 200, 1);
  is("GET /v2/models HTTP/1.1\r\nAuthorization: bearer $T\r\n" END, 200, 1);
  is("GET /v2/models HTTP/1.1\r\nauthorization: BEARER   $T\r\n" END, 200, 1);
  is("HEAD /v2/models/small HTTP/1.1\r\n" TOKEN END, 200, 1);
  is("OPTIONS * HTTP/1.1\r\n" END, 204, 1);
  is("OPTIONS /v2/models HTTP/1.1\r\n" END, 204, 1);
  is("GET /v2 HTTP/1.0\r\n\r\n", 200, 1);
}

/* --- what must not */

static void test_refused(void **state) {
  (void)state;
  is("GET /v2%00/models HTTP/1.1\r\n" END, 404, 1);
  is("GET /v2/models%00 HTTP/1.1\r\n" TOKEN END, 404, 1);
  is("GET /v2%2Fmodels HTTP/1.1\r\n" TOKEN END, 404, 1);
  is("GET /v2/models/small%2fready HTTP/1.1\r\n" TOKEN END, 404, 1);
  is("GET /v2/% HTTP/1.1\r\n" END, 400, 1);
  is("OPTIONS /v2/nothing HTTP/1.1\r\n" END, 404, 1);
  is("GET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n", 400, 1);
  is("GET /v2 HTTP/1.1\r\nHost: y\r\n" END, 400, 1);
  is("GET /v2/models HTTP/1.1\r\n" TOKEN "Authorization: Bearer x\r\n" END, 400, 1);
  is("GET /v2 HTTP/1.1\r\nExpect: wonders\r\n" END, 417, 1);
  is("GET /v2/models HTTP/1.1\r\nAuthorization: Bearer$T\r\n" END, 401, 1);
}

/* Behind what two readers could take in two ways nothing is answered, whoever asks for whatever:
 * with a token and without, at paths that are there and those that are not. */
static void test_smuggling(void **state) {
  (void)state;
  static const char *const lines[] = {"Content-Length: 5\r\nContent-Length: 4\r\n",
                                      "Content-Length: 5\r\nContent-Length: 5\r\n",
                                      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                      "Transfer-Encoding : chunked\r\n",
                                      "Transfer-Encoding\t: chunked\r\nContent-Length: 5\r\n",
                                      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
                                      "Transfer-Encoding: chunked, chunked\r\n",
                                      "Transfer-Encoding: xchunked\r\n",
                                      "Content-Length: +5\r\n",
                                      "Content-Length: 5 5\r\n",
                                      "Content-Length: 0x5\r\n",
                                      "Content Length: 5\r\n",
                                      "X\"Y: 5\r\n"},
                           *const starts[] = {"GET /v2/models HTTP/1.1\r\n" HOST, /* 401 */
                                              "GET /v2/nothing HTTP/1.1\r\n" HOST,
                                              "PATCH /v2/models HTTP/1.1\r\n" HOST,
                                              "POST /v2/models/small/infer HTTP/1.1\r\n" HOST TOKEN,
                                              "GET /v2 HTTP/1.1\r\n" HOST,
                                              "OPTIONS * HTTP/1.1\r\n" HOST};
  for (size_t s = 0; s < sizeof starts / sizeof *starts; s++)
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
      char text[1024];
      test_reply reply;
      snprintf(text, sizeof text, "%s%s\r\n0\r\n\r\nGET /v2/health/live HTTP/1.1\r\n" END,
               starts[s], lines[i]);
      raw(&reply, text);
      if ((reply.status != 400 && reply.status != 501) || count_answers(&reply) != 1)
        fail_msg("%s: %d, %d answers", text, reply.status, count_answers(&reply));
      test_reply_clear(&reply);
    }
}

/* A chunked request that is refused early: its chunks are not taken for a request. */
static void test_chunks_behind_refusals(void **state) {
  (void)state;
  static const char chunks[] = "Transfer-Encoding: chunked\r\n" HOST
                               "\r\n23\r\nGET /v2/health/live HTTP/1.1\r\n\r\n\r\n\r\n0\r\n\r\n";
  static const char *const starts[] = {
      "POST /v2/models/small/infer HTTP/1.1\r\n", "POST /v2/nothing HTTP/1.1\r\n",
      "PUT /v2/models HTTP/1.1\r\n", "GET /v2/models HTTP/1.1\r\n"};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    char text[512];
    test_reply reply;
    snprintf(text, sizeof text, "%s%s", starts[i], chunks);
    raw(&reply, text);
    assert_in_range(reply.status, 400, 499);
    assert_int_equal(count_answers(&reply), 1);
    test_reply_clear(&reply);
  }
}

/* --- preferences and types */

static void test_case(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[0];
  static const char *const async[] = {"Prefer: Respond-Async\r\n",
                                      "prefer: wait=5,respond-async\r\n",
                                      "Prefer: wait=5\r\nPrefer: respond-async\r\n"};
  for (size_t i = 0; i < sizeof async / sizeof *async; i++) {
    assert_int_equal(test_infer(&reply, &t, c->token, c->id, async[i]), 202);
    test_reply_clear(&reply);
  }
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, "Prefer: x=\"respond-async\"\r\n"), 200);
  test_reply_clear(&reply);
  static const char *const types[] = {"APPLICATION/Octet-Stream", "application/octet-stream; x=y"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char lines[256];
    snprintf(lines, sizeof lines, "Content-Type: %s\r\nBlindsight-Key: %s\r\n", types[i], c->id);
    assert_int_equal(
        test_status(&t, "POST", "/v2/models/small/infer", c->token, lines, t.sample, t.n_sample),
        200);
  }
}

/* --- bodies that come in chunks, or compressed */

/* POST by lines, the body as it is given; 0 = of no length that is said. */
static int post(test_reply *reply, const char *path, const char *method, const char *lines,
                const uint8_t *body, size_t n_body) {
  const test_client *c = &t.client[0];
  char *bytes;
  char all[512];
  snprintf(all, sizeof all, TEST_RAW "Blindsight-Key: %s\r\n%s", c->id, lines);
  size_t n = test_compose(&bytes, method, path, c->token, all, NULL, 0);
  bytes = realloc(bytes, n + n_body);
  memcpy(bytes + n, body, n_body);
  test_exchange(reply, &t, bytes, n + n_body);
  free(bytes);
  return reply->status;
}

static size_t make_chunks(uint8_t **out, const uint8_t *body, size_t n_body, size_t step) {
  *out = malloc(2 * n_body + 64);
  size_t n = 0;
  for (size_t at = 0; at < n_body; at += step) {
    size_t piece = n_body - at < step ? n_body - at : step;
    n += (size_t)sprintf((char *)*out + n, "%zx\r\n", piece);
    memcpy(*out + n, body + at, piece);
    n += piece;
    n += (size_t)sprintf((char *)*out + n, "\r\n");
  }
  return n + (size_t)sprintf((char *)*out + n, "0\r\n\r\n");
}

/* gzip, or zlib's own form, which HTTP calls deflate. */
static size_t compress_body(uint8_t **out, const uint8_t *body, size_t n_body, bool gzip) {
  z_stream s = {0};
  size_t room = n_body + n_body / 100 + 1024;
  *out = malloc(room);
  assert_int_equal(deflateInit2(&s, 6, Z_DEFLATED, MAX_WBITS + (gzip ? 16 : 0), 8, 0), Z_OK);
  s.next_in = (Bytef *)(uintptr_t)body;
  s.avail_in = (uInt)n_body;
  s.next_out = *out;
  s.avail_out = (uInt)room;
  assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
  size_t n = room - s.avail_out;
  deflateEnd(&s);
  return n;
}

#define INFER "/v2/models/small/infer"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void check_good(test_reply *reply, int status) {
  assert_int_equal(status, 200);
  test_check_result(&t, reply->body, reply->n_body);
  test_reply_clear(reply);
}

static void test_chunks(void **state) {
  (void)state;
  test_reply reply;
  uint8_t *chunks;
  size_t n = make_chunks(&chunks, t.sample, t.n_sample, 1000);
  check_good(&reply, post(&reply, INFER, "POST", CHUNKED, chunks, n));
  free(chunks);
  /* Keys, which have a length only when they are there. */
  const test_client *c = &t.client[0];
  assert_int_equal(test_status(&t, "DELETE", test_key_path(c), c->token, "", NULL, 0), 204);
  n = make_chunks(&chunks, c->keys, c->n_keys, 100000);
  assert_int_equal(post(&reply, test_key_path(c), "PUT", CHUNKED, chunks, n), 201);
  test_reply_clear(&reply);
  free(chunks);
  test_check_inference(&t);
}

static void test_compressed(void **state) {
  (void)state;
  test_reply reply;
  for (int gzip = 0; gzip < 2; gzip++) {
    uint8_t *body, *chunks;
    char lines[128];
    size_t n = compress_body(&body, t.sample, t.n_sample, gzip);
    const char *name = gzip ? "GZip" : "deflate";
    snprintf(lines, sizeof lines, "Content-Encoding: %s\r\nContent-Length: %zu\r\n", name, n);
    check_good(&reply, post(&reply, INFER, "POST", lines, body, n));
    size_t n_chunks = make_chunks(&chunks, body, n, 777);
    snprintf(lines, sizeof lines, "Content-Encoding: %s\r\n" CHUNKED, name);
    check_good(&reply, post(&reply, INFER, "POST", lines, chunks, n_chunks));
    /* Cut off; damaged; followed by what is no gzip. */
    snprintf(lines, sizeof lines, "Content-Encoding: %s\r\nContent-Length: %zu\r\n", name, n - 9);
    assert_int_equal(post(&reply, INFER, "POST", lines, body, n - 9), 400);
    assert_string_equal(test_member(&reply, "code"), "coding");
    test_reply_clear(&reply);
    body[n / 2] ^= 0x55;
    snprintf(lines, sizeof lines, "Content-Encoding: %s\r\nContent-Length: %zu\r\n", name, n);
    assert_int_equal(post(&reply, INFER, "POST", lines, body, n), 400);
    test_reply_clear(&reply);
    free(body);
    free(chunks);
  }
  assert_int_equal(post(&reply, INFER, "POST", "Content-Encoding: br\r\nContent-Length: 3\r\n",
                        (const uint8_t *)"abc", 3),
                   415);
  assert_string_equal(test_header(&reply, "Accept-Encoding"), "gzip, deflate");
  test_reply_clear(&reply);
}

/* A megabyte of zeros is a kilobyte: the limit is on what comes out. */
static void test_body_limits(void **state) {
  (void)state;
  test_reply reply;
  uint8_t *zeros = calloc(1, 8 << 20), *body, *chunks;
  char lines[128];
  size_t n = compress_body(&body, zeros, 8 << 20, true);
  snprintf(lines, sizeof lines, "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", n);
  assert_int_equal(post(&reply, INFER, "POST", lines, body, n), 413);
  test_reply_clear(&reply);
  n = make_chunks(&chunks, zeros, (4 << 20) + 1, 100000);
  assert_int_equal(post(&reply, INFER, "POST", CHUNKED, chunks, n), 413);
  test_reply_clear(&reply);
  free(chunks);
  n = make_chunks(&chunks, zeros, 4 << 20, 100000);
  assert_int_equal(post(&reply, INFER, "POST", CHUNKED, chunks, n), 400); /* it is no sample */
  test_reply_clear(&reply);
  free(chunks);
  free(body);
  free(zeros);
}

/* --- the Open Inference Protocol's other form */

static char *base64_question(const char *head, const char *outputs) {
  size_t n = sodium_base64_encoded_len(t.n_sample, sodium_base64_VARIANT_ORIGINAL);
  char *text = malloc(n), *json = malloc(n + 1024);
  sodium_bin2base64(text, n, t.sample, t.n_sample, sodium_base64_VARIANT_ORIGINAL);
  snprintf(json, n + 1024,
           "{%s\"inputs\":[{\"name\":\"ciphertext\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":"
           "[\"%s\"]}]%s}",
           head, text, outputs);
  free(text);
  return json;
}

static int ask_json(test_reply *reply, const char *head, const char *outputs, const char *lines) {
  char *json = base64_question(head, outputs);
  int status = test_call(reply, &t, "POST", INFER, t.client[0].token, lines, json, strlen(json));
  free(json);
  return status;
}

static void check_base64(test_reply *reply, const char *id) {
  json_t *value = json_loadb((const char *)reply->body, reply->n_body, 0, NULL);
  json_t *output = json_array_get(json_object_get(value, "outputs"), 0);
  const char *text = json_string_value(json_array_get(json_object_get(output, "data"), 0));
  assert_string_equal(test_header(reply, "Content-Type"), "application/json");
  assert_string_equal(json_string_value(json_object_get(output, "name")), "ciphertext");
  assert_non_null(text);
  if (id != NULL)
    assert_string_equal(json_string_value(json_object_get(value, "id")), id);
  uint8_t *bytes = malloc(strlen(text));
  size_t n;
  assert_int_equal(sodium_base642bin(bytes, strlen(text), text, strlen(text), NULL, &n, NULL,
                                     sodium_base64_VARIANT_ORIGINAL),
                   0);
  test_check_result(&t, bytes, n);
  free(bytes);
  json_decref(value);
  test_reply_clear(reply);
}

static void test_json_form(void **state) {
  (void)state;
  test_reply reply;
  char key[128], head[200], lines[200];
  snprintf(key, sizeof key, "Blindsight-Key: %s\r\n", t.client[0].id);
  snprintf(head, sizeof head, "\"id\":\"q1\",\"parameters\":{\"key\":\"%s\"},", t.client[0].id);
  snprintf(lines, sizeof lines, "%sContent-Type: Application/JSON; charset=utf-8\r\n", key);
  assert_int_equal(ask_json(&reply, head, "", "Content-Type: application/json\r\n"), 200);
  check_base64(&reply, "q1");
  assert_int_equal(ask_json(&reply, "", "", lines), 200); /* the key in a header */
  check_base64(&reply, NULL);
  assert_int_equal(ask_json(&reply, head, "", key), 200); /* both, and no type */
  check_base64(&reply, "q1");
  assert_int_equal(
      ask_json(&reply, head,
               ",\"outputs\":[{\"name\":\"ciphertext\",\"parameters\":{\"binary_data\":false}}]",
               lines),
      200);
  check_base64(&reply, "q1");
  /* Binary, where it is asked for. */
  assert_int_equal(ask_json(&reply, "\"parameters\":{\"binary_data_output\":true},", "", lines),
                   200);
  size_t n_head = (size_t)atoi(test_header(&reply, "Inference-Header-Content-Length"));
  assert_true(n_head > 0);
  test_check_result(&t, reply.body + n_head + 4, reply.n_body - n_head - 4);
  test_reply_clear(&reply);
}

static void test_json_refused(void **state) {
  (void)state;
  static const char *const heads[] = {"\"id\":7,", "\"parameters\":{\"binary_data_output\":\"x\"},",
                                      "\"parameters\":[],", "\"parameters\":{\"key\":\"0000\"},"},
                           *const outputs[] = {
                               ",\"outputs\":[{\"name\":\"probability\"}]",
                               ",\"outputs\":[{\"name\":\"ciphertext\"},{\"name\":\"ciphertext\"}]",
                               ",\"outputs\":\"ciphertext\""};
  test_reply reply;
  char lines[200];
  snprintf(lines, sizeof lines, "Blindsight-Key: %s\r\nContent-Type: application/json\r\n",
           t.client[0].id);
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    assert_int_equal(ask_json(&reply, heads[i], "", lines), 400);
    test_reply_clear(&reply);
  }
  for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
    assert_int_equal(ask_json(&reply, "", outputs[i], lines), 400);
    test_reply_clear(&reply);
  }
  static const char bad[] = "{\"inputs\":[{\"name\":\"ciphertext\",\"shape\":[1],\"datatype\":"
                            "\"BYTES\",\"data\":[\"@@@@\"]}]}";
  assert_int_equal(
      test_call(&reply, &t, "POST", INFER, t.client[0].token, lines, bad, sizeof bad - 1), 400);
  assert_string_equal(test_member(&reply, "field"), "data");
  test_reply_clear(&reply);
}

/* --- pages of other origins */

static void test_cors(void **state) {
  (void)state;
  test_reply reply;
  raw(&reply, "OPTIONS /v2/models HTTP/1.1\r\nOrigin: https://Pages.example\r\n"
              "Access-Control-Request-Method: GET\r\n" END);
  assert_int_equal(reply.status, 204);
  assert_string_equal(test_header(&reply, "Access-Control-Allow-Origin"), "https://Pages.example");
  assert_string_equal(test_header(&reply, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
  assert_non_null(strstr(test_header(&reply, "Access-Control-Allow-Headers"), "Blindsight-Key"));
  test_reply_clear(&reply);
  raw(&reply, "GET /v2/models HTTP/1.1\r\nOrigin: https://pages.example\r\n" TOKEN END);
  assert_int_equal(reply.status, 200);
  assert_string_equal(test_header(&reply, "Access-Control-Allow-Origin"), "https://pages.example");
  assert_string_equal(test_header(&reply, "Vary"), "Origin");
  test_reply_clear(&reply);
  static const char *const others[] = {"https://pages.example.net", "https://pages.exampl", "null",
                                       ""};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    char text[512];
    snprintf(
        text, sizeof text,
        "OPTIONS /v2/models HTTP/1.1\r\nOrigin: %s\r\nAccess-Control-Request-Method: GET\r\n" END,
        others[i]);
    raw(&reply, text);
    assert_int_equal(reply.status, 204);
    assert_string_equal(test_header(&reply, "Access-Control-Allow-Origin"), "");
    assert_string_equal(test_header(&reply, "Access-Control-Allow-Methods"), "");
    test_reply_clear(&reply);
  }
}

/* --- refusals that come early are not lost with the connection */

/* Sends a head and then n bytes, whatever happens, before it reads: as Python does. */
static int stubborn(const char *method, const char *path, const char *token, size_t n_said,
                    size_t n_sent) {
  char *bytes, lines[64];
  test_reply reply;
  static const uint8_t zeros[1 << 16];
  snprintf(lines, sizeof lines, "Content-Length: %zu\r\n", n_said);
  size_t n = test_compose(&bytes, method, path, token, lines, NULL, 0);
  int fd = test_connect(&t);
  assert_int_equal(send(fd, bytes, n, 0), n);
  for (size_t sent = 0; sent < n_sent;) {
    ssize_t put = send(fd, zeros, sizeof zeros, 0);
    if (put < 0)
      fail_msg("after %zu bytes: %s", sent, strerror(errno));
    sent += (size_t)put;
  }
  test_receive(&reply, fd, true);
  close(fd);
  int status = reply.status;
  test_reply_clear(&reply);
  free(bytes);
  return status;
}

static void test_early(void **state) {
  (void)state;
  const test_client *c = &t.client[0];
  const size_t most = (size_t)6 << 20;
  for (int i = 0; i < 20; i++) {
    assert_int_equal(stubborn("POST", INFER, c->token, 99999999, most), 413);
    assert_int_equal(stubborn("POST", INFER, NULL, 99999999, most), 401);
    assert_int_equal(stubborn("PUT", "/v2/models", c->token, most, most), 405);
    assert_int_equal(stubborn("POST", "/v2/nothing", c->token, most, most), 404);
    assert_int_equal(stubborn("PUT", test_key_path(c), c->token, most, most), 200); /* is there */
  }
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  t.options.max_body_bytes = (size_t)4 << 20;
  t.options.cors = "http://localhost:3000,https://pages.example";
  test_start(&t);
  return test_upload(&t, &t.client[0]) == 201 ? 0 : -1;
}

static int teardown(void **state) {
  (void)state;
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_understood), cmocka_unit_test(test_refused),
      cmocka_unit_test(test_smuggling),  cmocka_unit_test(test_chunks_behind_refusals),
      cmocka_unit_test(test_case),       cmocka_unit_test(test_chunks),
      cmocka_unit_test(test_compressed), cmocka_unit_test(test_body_limits),
      cmocka_unit_test(test_json_form),  cmocka_unit_test(test_json_refused),
      cmocka_unit_test(test_cors),       cmocka_unit_test(test_early)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
