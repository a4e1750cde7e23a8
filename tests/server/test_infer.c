/* SPDX-License-Identifier: Apache-2.0 */
/* Samples in JSON and binary tensors that lie: about types, numbers, lengths, and how deep they
 * are. Each is told so in the form that is promised. */
#define _GNU_SOURCE
#include "server/shapes.h"

static test_service t;
static test_world world;

/* Sends a head, and behind it an element that says to have `length` bytes. */
static int ask(test_reply *reply, const char *json, size_t n_json, uint64_t length) {
  char lines[96];
  size_t n = n_json + 4 + world.n_sample;
  uint8_t *body = malloc(n);
  memcpy(body, json, n_json);
  for (int i = 0; i < 4; i++)
    body[n_json + (size_t)i] = (uint8_t)(length >> (8 * i));
  memcpy(body + n_json + 4, world.sample, world.n_sample);
  snprintf(lines, sizeof lines, "Inference-Header-Content-Length: %zu\r\n", n_json);
  int status =
      test_call(reply, &t, "POST", "/v2/models/small/infer", world.client->token, lines, body, n);
  free(body);
  return status;
}

/* $K is the key's name, $N the length that is right, $M one more, $L one less. */
static size_t fill(char *out, size_t size, const char *template) {
  size_t n = 0;
  for (; *template != '\0'; template ++) {
    size_t at = n, room = size - n;
    if (*template != '$')
      out[n++] = *template;
    else if (*++template == 'K')
      n += (size_t)snprintf(out + at, room, "%s", world.client->id);
    else
      n += (size_t)snprintf(out + at, room, "%zu",
                            world.n_sample + 4 + (*template == 'M') - (*template == 'L'));
  }
  out[n] = '\0';
  return n;
}

#define PARAMETERS "\"parameters\":{\"key\":\"$K\"}"
#define TENSOR(name, type, shape, size)                                                            \
  "{\"name\":" name ",\"datatype\":" type ",\"shape\":" shape                                      \
  ",\"parameters\":{\"binary_data_size\":" size "}}"
#define GOOD TENSOR("\"ciphertext\"", "\"BYTES\"", "[1]", "$N")
#define WITH(tensor) "{" PARAMETERS ",\"inputs\":[" tensor "]}"
#define SIZE(size) WITH(TENSOR("\"ciphertext\"", "\"BYTES\"", "[1]", size))
#define SHAPE(shape) WITH(TENSOR("\"ciphertext\"", "\"BYTES\"", shape, "$N"))
#define KEY(key) "{\"parameters\":{\"key\":" key "},\"inputs\":[" GOOD "]}"

static void test_json(void **state) {
  (void)state;
  static const char *const good[] = {
      WITH(GOOD), "{\"id\":\"7\"," PARAMETERS ",\"inputs\":[" GOOD "]}",
      "{\"id\":\"q\",\"outputs\":[{\"name\":\"ciphertext\"}]," PARAMETERS ",\"inputs\":[" GOOD
      "],\"x\":{\"y\":[]}}"};
  static const char *const bad[] = {
      "",
      " ",
      "{",
      "{}",
      "[]",
      "null",
      "7",
      "\"text\"",
      "{}{}",
      "\xff\xfe",
      "{\"inputs\":",
      "{" PARAMETERS "}",
      "{" PARAMETERS ",\"inputs\":{}}",
      "{" PARAMETERS ",\"inputs\":[]}",
      "{" PARAMETERS ",\"inputs\":[[]]}",
      "{" PARAMETERS ",\"inputs\":[null]}",
      "{" PARAMETERS ",\"inputs\":\"x\"}",
      WITH(GOOD "," GOOD),
      WITH(GOOD) "x",
      "{" PARAMETERS ",\"inputs\":[" GOOD "],\"inputs\":[" GOOD "]}",
      "{" PARAMETERS "," PARAMETERS ",\"inputs\":[" GOOD "]}",
      "{" PARAMETERS ",\"inputs\":[" GOOD "],\"big\":1e999}",
      "{" PARAMETERS ",\"inputs\":[" GOOD "],\"big\":9223372036854775808}",
      "{" PARAMETERS ",\"inputs\":[" GOOD "],\"text\":\"\xc3\x28\"}",
      "{" PARAMETERS ",\"inputs\":[" GOOD "],\"a\\u0000b\":1}",
      "{\"id\":\"\\u0000\"," PARAMETERS ",\"inputs\":[" GOOD "]}",
      WITH(TENSOR("\"plain\"", "\"BYTES\"", "[1]", "$N")),
      WITH(TENSOR("\"ciphertext\\u0000\"", "\"BYTES\"", "[1]", "$N")),
      WITH(TENSOR("7", "\"BYTES\"", "[1]", "$N")),
      WITH(TENSOR("null", "null", "null", "null")),
      WITH(TENSOR("\"ciphertext\"", "\"FP64\"", "[1]", "$N")),
      WITH(TENSOR("\"ciphertext\"", "{}", "[1]", "$N")),
      SHAPE("[]"),
      SHAPE("[2]"),
      SHAPE("[1,1]"),
      SHAPE("1"),
      SHAPE("[-1]"),
      SHAPE("[1.0]"),
      SHAPE("[\"1\"]"),
      SHAPE("[4294967297]"),
      SHAPE("[18446744073709551617]"),
      SIZE("0"),
      SIZE("-1"),
      SIZE("3"),
      SIZE("4"),
      SIZE("$M"),
      SIZE("$L"),
      SIZE("$N.0"),
      SIZE("\"$N\""),
      SIZE("[$N]"),
      SIZE("true"),
      SIZE("4294967296"),
      SIZE("9223372036854775807"),
      SIZE("-9223372036854775808"),
      SIZE("18446744073709551615"),
      SIZE("1e3"),
      "{\"id\":7," PARAMETERS ",\"inputs\":[" GOOD "]}",
      "{\"outputs\":[{}]," PARAMETERS ",\"inputs\":[" GOOD "]}",
      "{\"outputs\":[{\"name\":\"rows\"}]," PARAMETERS ",\"inputs\":[" GOOD "]}",
      "{\"outputs\":{}," PARAMETERS ",\"inputs\":[" GOOD "]}",
      "{\"outputs\":[{\"name\":\"ciphertext\",\"parameters\":"
      "{\"binary_data\":1}}]," PARAMETERS ",\"inputs\":[" GOOD "]}",
      KEY("7"),
      KEY("null"),
      KEY("[\"$K\"]"),
      KEY("\"\""),
      KEY("\"$K0\""),
      KEY("\"$K\\u0000\""),
      KEY("\"../../../../etc/passwd\""),
      KEY("{\"key\":\"$K\"}")};
  char json[4096];
  test_reply reply;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    size_t n = fill(json, sizeof json, good[i]);
    if (ask(&reply, json, n, world.n_sample) != 200)
      fail_msg("%s: %d", json, reply.status);
    test_reply_clear(&reply);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    size_t n = fill(json, sizeof json, bad[i]);
    assert_int_equal(ask(&reply, json, n, world.n_sample), 400);
    test_check_refused(&reply, json);
    test_reply_clear(&reply);
  }
}

/* As deep, as long and as many as the head's limit allows. */
static void test_json_large(void **state) {
  (void)state;
  enum { N = 65536 };
  static const char *const pieces[] = {"[", "{\"a\":", "[[],", "\"", "9", "-", "{\"a\":1,", " "};
  test_reply reply;
  char *json = malloc(N + 16);
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    size_t n = 0, n_piece = strlen(pieces[i]);
    for (; n + n_piece <= N; n += n_piece)
      memcpy(json + n, pieces[i], n_piece);
    assert_int_equal(ask(&reply, json, n, world.n_sample), 400);
    test_check_refused(&reply, pieces[i]);
    test_reply_clear(&reply);
  }
  memset(json, ' ', N + 1); /* a good head, and one byte of space too many */
  size_t n = fill(json, 4096, WITH(GOOD));
  json[n] = ' ';
  assert_int_equal(ask(&reply, json, N, world.n_sample), 200);
  test_reply_clear(&reply);
  assert_int_equal(ask(&reply, json, N + 1, world.n_sample), 400);
  test_check_refused(&reply, "a head above its limit");
  test_reply_clear(&reply);
  free(json);
}

/* The element's own length, and the length of the head. */
static void test_tensor_lengths(void **state) {
  (void)state;
  static const uint64_t lengths[] = {0, 1, 4, UINT32_MAX, UINT32_MAX - 3, 0x80000000};
  static const char *const heads[] = {"",
                                      "-1",
                                      "+5",
                                      " ",
                                      "5x",
                                      "1e2",
                                      "65537",
                                      "99999999",
                                      "0",
                                      "0x10",
                                      "18446744073709551616",
                                      "4294967297"};
  test_reply reply;
  char json[1024], lines[120];
  size_t n = fill(json, sizeof json, WITH(GOOD));
  for (int i = -2; i <= 2; i++) {
    assert_int_equal(ask(&reply, json, n, world.n_sample + (uint64_t)(int64_t)i),
                     i == 0 ? 200 : 400);
    test_reply_clear(&reply);
  }
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    assert_int_equal(ask(&reply, json, n, lengths[i]), 400);
    test_check_refused(&reply, "the element's length");
    test_reply_clear(&reply);
  }
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    snprintf(lines, sizeof lines, TEST_RAW "Inference-Header-Content-Length: %s\r\n", heads[i]);
    test_refuse(&world, heads[i], "POST", "/v2/models/small/infer", lines, json, n, 400);
  }
  test_refuse(&world, "no body", "POST", "/v2/models/small/infer", TEST_RAW, "", 0, 400);
}

/* The same question twice: never the same answer, byte for byte. */
static void test_never_the_same(void **state) {
  (void)state;
  test_reply reply[2];
  for (int i = 0; i < 2; i++) {
    assert_int_equal(test_infer(&reply[i], &t, t.client[0].token, t.client[0].id, ""), 200);
    test_check_result(&t, reply[i].body, reply[i].n_body);
  }
  assert_int_equal(reply[0].n_body, reply[1].n_body);
  size_t n = reply[0].n_body - BASE_FRAME_OVERHEAD_BYTES - 28, same = 0;
  const uint8_t *a = reply[0].body + BASE_FRAME_HEADER_BYTES + 28;
  const uint8_t *b = reply[1].body + BASE_FRAME_HEADER_BYTES + 28;
  for (size_t i = 0; i < n; i++)
    same += a[i] == b[i];
  assert_true(same < n / 128); /* of random bytes one in 256 */
  for (int i = 0; i < 2; i++)
    test_reply_clear(&reply[i]);
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  t.options.idle_s = 5;
  test_start_world(&world, &t);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_end_world(&world, &t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_json_large),
                                     cmocka_unit_test(test_tensor_lengths),
                                     cmocka_unit_test(test_never_the_same)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
