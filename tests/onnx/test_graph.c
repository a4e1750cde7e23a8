/* SPDX-License-Identifier: Apache-2.0 */
/* Reading ONNX files: what is in them, and those that are damaged or mean harm. */
#include <setjmp.h>
#include <stddef.h>

#include "onnx/builder.h"

#include <cmocka.h>

#include "base/alloc.h"
#include "onnx/fold.h"

static void assert_refused(const base_buffer *file, const char *text) {
  onnx_graph graph;
  ckks_status status = onnx_graph_read(&graph, file->bytes, file->n_bytes, "file");
  if (status == CKKS_OK) {
    onnx_fold fold;
    status = onnx_fold_init(&fold, &graph, NULL);
    if (status == CKKS_OK)
      onnx_fold_clear(&fold);
    onnx_graph_clear(&graph);
  }
  assert_int_equal(status, CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), text) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), text);
  assert_null(graph.blocks);
}

static void refuse(builder *b, const char *text) {
  base_buffer file = builder_file(b);
  assert_refused(&file, text);
  base_buffer_clear(&file);
  builder_clear(b);
}

/* x (2 x 3) -> Gemm with w -> Relu -> y */
static void small_net(builder *b) {
  const double w[6] = {1, 2, 3, 4, 5, 6};
  builder_init(b, 13);
  builder_input(b, "x", "N,3");
  builder_floats(b, "w", "3,2", w, 6);
  builder_node(b, "MatMul:x,w:h", NULL);
  builder_node(b, "Relu:h:y", NULL);
  builder_output(b, "y");
}

static void test_reads(void **state) {
  (void)state;
  builder b;
  onnx_graph graph;
  small_net(&b);
  base_buffer file = builder_file(&b);
  assert_int_equal(onnx_graph_read(&graph, file.bytes, file.n_bytes, "net"), CKKS_OK);
  assert_int_equal(graph.n_nodes, 2);
  assert_int_equal(graph.n_inputs, 1);
  assert_int_equal(graph.n_outputs, 1);
  assert_int_equal(graph.opset, 13);
  assert_int_equal(graph.input[0].rank, 2);
  assert_int_equal(graph.input[0].dim[0], -1);
  assert_int_equal(graph.input[0].dim[1], 3);
  assert_true(onnx_wire_text_is(graph.node[1].op, "Relu"));
  assert_int_equal(graph.node[1].in[0], graph.node[0].out[0]);
  const onnx_tensor *w = graph.value[graph.node[0].in[1]].given;
  assert_non_null(w);
  assert_int_equal(w->rank, 2);
  assert_true(w->value[4] == 5.0);
  onnx_graph_clear(&graph);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* Numbers of each type, raw and in their fields. */
static void test_numbers(void **state) {
  (void)state;
  static const struct {
    int type;
    const char *bytes;
    size_t n;
    double value;
  } cases[] = {{1, "\0\0\300\277", 4, -1.5},
               {2, "\377", 1, 255},
               {3, "\377", 1, -1},
               {4, "\1\2", 2, 513},
               {5, "\376\377", 2, -2},
               {6, "\375\377\377\377", 4, -3},
               {7, "\374\377\377\377\377\377\377\377", 8, -4},
               {9, "\1", 1, 1},
               {10, "\0\274", 2, -1.0},
               {10, "\1\0", 2, 5.9604644775390625e-08},
               {11, "\0\0\0\0\0\0\4@", 8, 2.5},
               {12, "\377\377\377\377", 4, 4294967295.0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    base_buffer message;
    onnx_tensor tensor;
    base_buffer_init(&message, 1000);
    put_int(&message, 2, cases[i].type);
    put_bytes(&message, 9, cases[i].bytes, cases[i].n);
    assert_int_equal(onnx_tensor_read_bytes(&tensor, message.bytes, message.n_bytes), CKKS_OK);
    assert_int_equal(tensor.n, 1);
    assert_true(tensor.value[0] == cases[i].value);
    onnx_tensor_clear(&tensor);
    base_buffer_clear(&message);
  }
}

/* Whatever part of a file is missing, it is refused, and nothing is left behind. */
static void test_cut(void **state) {
  (void)state;
  builder b;
  small_net(&b);
  base_buffer file = builder_file(&b);
  for (size_t n = 0; n < file.n_bytes; n++) {
    onnx_graph graph;
    uint8_t *cut = malloc(n + 1); /* exact, so that a sanitizer sees one byte too far */
    memcpy(cut, file.bytes, n);
    ckks_status status = onnx_graph_read(&graph, cut, n, "cut");
    if (status == CKKS_OK)
      onnx_graph_clear(&graph);
    assert_true(status == CKKS_ERROR_FORMAT);
    free(cut);
  }
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* Each byte in turn another one: any answer but a crash, a leak or a hang. */
static void test_damaged(void **state) {
  (void)state;
  builder b;
  small_net(&b);
  base_buffer file = builder_file(&b);
  for (size_t at = 0; at < file.n_bytes; at++)
    for (int bit = 0; bit < 8; bit++) {
      onnx_graph graph;
      file.bytes[at] ^= (uint8_t)(1 << bit);
      ckks_status status = onnx_graph_read(&graph, file.bytes, file.n_bytes, "damaged");
      assert_true(status == CKKS_OK || status == CKKS_ERROR_FORMAT);
      if (status == CKKS_OK)
        onnx_graph_clear(&graph);
      file.bytes[at] ^= (uint8_t)(1 << bit);
    }
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* A Cast would make numbers of them; clients have numbers only. */
static void test_inputs_of_other_things(void **state) {
  (void)state;
  static const struct {
    int element;
    const char *text;
  } cases[] = {{0, "input \"x\" is no tensor"},
               {8, "input \"x\": numbers of type 8 are not supported"},
               {16, "input \"x\": numbers of type 16 are not supported"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b;
    builder_init(&b, 13);
    builder_port_of(&b, 11, "x", "1,3", cases[i].element);
    builder_node(&b, "Abs:x:y", NULL);
    builder_output(&b, "y");
    refuse(&b, cases[i].text);
  }
}

static void test_cycles_and_missing(void **state) {
  (void)state;
  builder b;
  builder_init(&b, 13);
  builder_input(&b, "x", "3");
  builder_node(&b, "Add:x,b:a", NULL);
  builder_node(&b, "Relu:a:b", NULL);
  builder_output(&b, "b");
  refuse(&b, "reads \"b\", which no input, initializer or earlier node gives");

  builder_init(&b, 13);
  builder_input(&b, "x", "3");
  builder_node(&b, "Relu:y:y", NULL);
  builder_output(&b, "y");
  refuse(&b, "node 0 (Relu) reads \"y\"");

  builder_init(&b, 13);
  builder_input(&b, "x", "3");
  builder_node(&b, "Relu:x:x", NULL);
  builder_output(&b, "x");
  refuse(&b, "the name \"x\" is given twice");

  builder_init(&b, 13);
  builder_input(&b, "x", "3");
  builder_node(&b, "Relu:x:y", NULL);
  builder_output(&b, "z");
  refuse(&b, "output \"z\" is made by no node");

  builder_init(&b, 13);
  builder_input(&b, "x", "3");
  builder_node(&b, "Relu:x:y", NULL);
  refuse(&b, "without outputs");
}

static void test_sizes(void **state) {
  (void)state;
  builder b;
  const double one = 1.0;
  static const char *const shapes[] = {"4294967296,4294967296", "9223372036854775807", "-1",
                                       "4096,4096,2", "1,1,1,1,1,1,1,1,1"};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    builder_init(&b, 13);
    builder_floats(&b, "w", shapes[i], &one, 1);
    builder_node(&b, "Relu:w:y", NULL);
    builder_output(&b, "y");
    refuse(&b, "initializer");
  }
  /* The product of these is 2^24, which is allowed, but they are not there. */
  builder_init(&b, 13);
  builder_floats(&b, "w", "4096,4096", &one, 1);
  builder_output(&b, "w");
  refuse(&b, "a tensor of 16777216 numbers in");
  builder_init(&b, 13);
  builder_floats(&b, "w", "3", &one, 1);
  builder_output(&b, "w");
  refuse(&b, "a tensor of 3 numbers in 4 bytes");
}

static void test_a_million_nodes(void **state) {
  (void)state;
  builder b;
  builder_init(&b, 13);
  builder_input(&b, "x", "3");
  for (int i = 0; i < 1000000; i++)
    builder_node(&b, "Relu:x:", NULL);
  builder_output(&b, "x");
  refuse(&b, "1000000 nodes; at most 16384 are allowed");
}

static void test_what_is_not_supported(void **state) {
  (void)state;
  builder b;
  builder_init(&b, 13);
  builder_input(&b, "x", "1,1,4,4");
  builder_node(&b, "MaxPool:x:y", "kernel_shape=2,2", NULL);
  builder_output(&b, "y");
  refuse(&b, "node 0 (MaxPool): this operator is not supported; use AveragePool");

  builder_init(&b, 13);
  builder_input(&b, "x", "1,4");
  builder_node(&b, "com.example/Relu:x:y", NULL);
  builder_output(&b, "y");
  refuse(&b, "node 0 (Relu): this operator is not supported");
}

static void test_memory(void **state) {
  (void)state;
  builder b;
  small_net(&b);
  base_buffer file = builder_file(&b);
  ckks_status status = CKKS_ERROR_MEMORY;
  for (long k = 1; status != CKKS_OK; k++) {
    onnx_graph graph;
    base_alloc_fail_at(k);
    status = onnx_graph_read(&graph, file.bytes, file.n_bytes, "net");
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    if (status == CKKS_OK)
      onnx_graph_clear(&graph);
    assert_true(k < 1000);
  }
  base_buffer_clear(&file);
  builder_clear(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads),
                                     cmocka_unit_test(test_numbers),
                                     cmocka_unit_test(test_cut),
                                     cmocka_unit_test(test_damaged),
                                     cmocka_unit_test(test_inputs_of_other_things),
                                     cmocka_unit_test(test_cycles_and_missing),
                                     cmocka_unit_test(test_sizes),
                                     cmocka_unit_test(test_a_million_nodes),
                                     cmocka_unit_test(test_what_is_not_supported),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
