/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that skip activations, and different activations side by side. */
#include "compile/compile.h"
#include "onnx/nets.h"

#include "exec/world.h"

/* A network as a list of nodes over x (10 features) with weights w, u: 10 x 10 and v: 10 x 3. */
static base_buffer square_net(const char *const *nodes) {
  builder b;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,10");
  weights(&b, "w", "10,10", 100, 0.5);
  weights(&b, "u", "10,10", 100, 0.5);
  weights(&b, "v", "10,3", 30, 0.5);
  weights(&b, "vv", "20,3", 60, 0.5);
  weights(&b, "v3", "30,3", 90, 0.5);
  weights(&b, "bias", "10", 10, 0.5);
  builder_floats(&b, "half", "1", &(double){0.5}, 1);
  for (; *nodes != NULL; nodes++)
    if (strncmp(*nodes, "Concat", 6) == 0)
      builder_node(&b, *nodes, "axis=1", NULL);
    else
      builder_node(&b, *nodes, NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  builder_clear(&b);
  return file;
}

/* Polynomials all: the model is the graph itself, in clear and as a compiled plan. */
typedef struct exact_net {
  const char *nodes[16];
  size_t n_layers, n_activations[4], n_carried; /* of the layers in turn */
} exact_net;

static const exact_net exact_nets[] = {
    /* y = x + f(x), and once more */
    {{"MatMul:x,w:c", "Mul:c,c:a", "Add:x,a:r", "MatMul:r,v:y"}, 2, {2, 1}, 10},
    {{"MatMul:x,w:c", "Mul:c,c:a", "MatMul:a,u:d", "Add:x,d:r", "MatMul:r,w:e", "Mul:e,e:f",
      "MatMul:f,u:g", "Add:r,g:s", "MatMul:s,v:y"},
     3,
     {2, 2, 1},
     20},
    /* The input again behind two activations, and the first one's result too. */
    {{"MatMul:x,w:c", "Mul:c,c:a", "MatMul:a,u:d", "Mul:d,d:e", "Sum:e,x,a:r", "MatMul:r,v:y"},
     3,
     {2, 3, 1},
     30},
    /* What is skipped is affine in the input, and read twice. */
    {{"MatMul:x,w:c", "Mul:c,c:a", "MatMul:c,u:n", "Add:n,a:r", "Add:r,n:s", "MatMul:s,v:y"},
     2,
     {2, 1},
     10},
    /* Squares, cubes and the values themselves, side by side. */
    {{"MatMul:x,w:c", "Mul:c,c:a", "MatMul:x,u:d", "Mul:d,d:e", "Mul:e,d:f", "Concat:a,f,c:g",
      "MatMul:g,v3:y"},
     2,
     {3, 1},
     10},
    /* Two squares of opposite signs. */
    {{"MatMul:x,w:c", "Mul:c,c:a", "MatMul:x,u:d", "Mul:d,d:e", "Neg:e:f", "Concat:a,f:g",
      "MatMul:g,vv:y"},
     2,
     {2, 1},
     0},
    /* Branches that meet at different heights. */
    {{"MatMul:x,w:c", "Mul:c,c:a", "MatMul:a,u:d", "Mul:d,d:e", "Mul:e,d:f", "MatMul:x,u:g",
      "Mul:g,g:h", "Concat:f,h:i", "MatMul:i,vv:y"},
     3,
     {2, 2, 1},
     10},
};

static void test_exact_networks(void **state) {
  (void)state;
  bool gathered = false;
  net_seed = 3;
  for (size_t i = 0; i < sizeof exact_nets / sizeof *exact_nets; i++) {
    const exact_net *net = &exact_nets[i];
    network_model model;
    onnx_import_report report;
    double rows[40 * 10];
    base_buffer file = square_net(net->nodes);
    random_rows(rows, 400);
    for (int data = 0; data < 2; data++) {
      if (import(&model, &report, &file, data ? rows : NULL, data ? 40 : 0) != CKKS_OK)
        fail_msg("network %zu: %s", i, base_last_error());
      assert_int_equal(model.n_layers, net->n_layers);
      for (size_t l = 0; l < net->n_layers; l++)
        assert_int_equal(model.layer[l].n_activations, net->n_activations[l]);
      assert_int_equal(report.n_carried, net->n_carried);
      assert_same(&model, &file, 1e-9);
      if (data)
        assert_plan(&model, &file, &gathered);
      network_clear(&model);
    }
    base_buffer_clear(&file);
  }
}

/* Each branch is fitted on what it sees, and reported by its own name. */
static void test_branches_of_their_own(void **state) {
  (void)state;
  static const char *const nodes[] = {
      "MatMul:x,w:c",  "Sigmoid:c:a", "MatMul:x,u:d", "Tanh:d:e", "Concat:a,e,x:g",
      "MatMul:g,v3:y", NULL};
  network_model model;
  onnx_import_report report;
  double rows[200 * 10], have[3], want[3], worst = 0.0;
  net_seed = 11;
  base_buffer file = square_net(nodes);
  random_rows(rows, 2000);
  assert_int_equal(import(&model, &report, &file, rows, 200), CKKS_OK);
  assert_int_equal(report.n_activations, 2);
  assert_non_null(strstr(report.activation[0].node, "Sigmoid"));
  assert_non_null(strstr(report.activation[1].node, "Tanh"));
  assert_int_equal(report.n_carried, 10);
  const network_layer *layer = &model.layer[0];
  assert_int_equal(layer->n_out, 30);
  assert_int_equal(layer->n_activations, 3);
  for (size_t o = 0; o < 30; o++)
    assert_int_equal(layer->activation_of[o], o / 10);
  for (int a = 0; a < 2; a++)
    assert_int_equal(layer->activation[a].polynomial.degree, report.activation[a].degree);
  assert_int_equal(layer->activation[2].polynomial.degree, 1);
  assert_true(layer->activation[2].polynomial.coefficient[1] == 1.0);
  assert_true(fabs(layer->activation[2].max_abs - model.max_abs_input) < 1e-12);
  for (int r = 0; r < 200; r++) {
    oracle(want, &file, rows + 10 * r);
    network_forward_rows(have, rows + 10 * r, 1, &model);
    for (int k = 0; k < 3; k++)
      worst = fmax(worst, fabs(have[k] - want[k]));
  }
  assert_true(worst > 1e-9 && worst < 0.1);
  network_clear(&model);
  base_buffer_clear(&file);
}

/* x -> conv, relu, conv -> + x -> relu -> mean over the picture -> dense. */
static void test_residual_convolutions(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  double rows[60 * 36], have[3], want[3], worst = 0.0;
  net_seed = 13;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,1,6,6");
  weights(&b, "w", "2,1,3,3", 18, 0.6);
  weights(&b, "u", "1,2,3,3", 18, 0.6);
  weights(&b, "v", "36,3", 108, 0.4);
  builder_node(&b, "Conv:x,w:c", "pads=1,1,1,1", NULL);
  builder_node(&b, "Relu:c:a", NULL);
  builder_node(&b, "Conv:a,u:d", "pads=1,1,1,1", NULL);
  builder_node(&b, "Add:d,x:r", NULL);
  builder_node(&b, "Relu:r:s", NULL);
  builder_node(&b, "Flatten:s:f", NULL);
  builder_node(&b, "MatMul:f,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  random_rows(rows, 60 * 36);
  assert_int_equal(import(&model, &report, &file, rows, 60), CKKS_OK);
  assert_int_equal(model.n_layers, 3);
  assert_int_equal(model.layer[0].n_out, 72 + 36);
  assert_int_equal(model.layer[0].n_activations, 2);
  assert_int_equal(model.layer[1].n_activations, 1);
  assert_int_equal(report.n_activations, 2);
  assert_int_equal(report.n_carried, 36);
  for (int r = 0; r < 60; r++) {
    oracle(want, &file, rows + 36 * r);
    network_forward_rows(have, rows + 36 * r, 1, &model);
    for (int k = 0; k < 3; k++)
      worst = fmax(worst, fabs(have[k] - want[k]));
  }
  assert_true(worst > 1e-9 && worst < 0.3);
  /* The plan in clear is the model. */
  compile_options options;
  plan_plan plan;
  compile_options_default(&options);
  options.error = 1e-2;
  if (compile_model(&plan, &model, &options) != CKKS_OK)
    fail_msg("%s", base_last_error());
  plan_clear(&plan);
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* Nodes drawn at random, each of values that exist already, whatever activations lie before. */
static base_buffer random_residual(void) {
  builder b;
  char name[6][8] = {"x"}, text[64];
  builder_init(&b, 13);
  builder_input(&b, "x", "N,6");
  weights(&b, "w0", "6,6", 36, 0.4);
  weights(&b, "w1", "6,6", 36, 0.4);
  weights(&b, "v", "24,3", 72, 0.3);
  for (uint32_t n = 1; n < 6; n++) {
    const char *one = name[draw(n)], *two = name[draw(n)];
    uint32_t kind = draw(4), weight = draw(2);
    snprintf(name[n], sizeof name[n], "t%u", (unsigned)n);
    if (kind == 0) {
      snprintf(text, sizeof text, "Add:%s,%s:%s", one, two, name[n]);
    } else {
      snprintf(text, sizeof text, "MatMul:%s,w%u:m%u", one, (unsigned)weight, (unsigned)n);
      builder_node(&b, text, NULL);
      if (kind == 1)
        snprintf(text, sizeof text, "Mul:m%u,m%u:%s", (unsigned)n, (unsigned)n, name[n]);
      else
        snprintf(text, sizeof text, kind == 2 ? "Sigmoid:m%u:%s" : "Relu:m%u:%s", (unsigned)n,
                 name[n]);
    }
    builder_node(&b, text, NULL);
  }
  snprintf(text, sizeof text, "Concat:%s,%s,%s,%s:last", name[5], name[4], name[3], name[draw(3)]);
  builder_node(&b, text, "axis=1", NULL);
  builder_node(&b, "MatMul:last,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  builder_clear(&b);
  return file;
}

/* Whatever is skipped or stands side by side: what is encrypted comes out as in clear. */
static void test_random_graphs_encrypted(void **unused) {
  (void)unused;
  int n_mixed = 0, n_deep = 0;
  for (uint64_t round = 1; round <= 24; round++) {
    world w = {0};
    onnx_import_report report;
    onnx_import_options import_options;
    compile_options options = test_options(1e-3, 10);
    double rows[60 * 6];
    net_seed = 1000 * round;
    base_buffer file = random_residual();
    random_rows(rows, 60 * 6);
    onnx_import_options_default(&import_options);
    import_options.error = 0.05;
    import_options.max_degree = 7;
    if (onnx_import_model(&w.model, &report, file.bytes, file.n_bytes, "net", rows, 60,
                          &import_options) != CKKS_OK)
      fail_msg("graph %d: %s", (int)round, base_last_error());
    for (size_t l = 0; l < w.model.n_layers; l++)
      n_mixed += w.model.layer[l].n_activations > 1;
    n_deep += report.n_carried > 12;
    random_rows(rows, 60 * 6);
    memcpy(w.rows, rows, N_ROWS * 6 * sizeof *rows);
    world_start(&w, &options);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
      if (w.plan.interface.layout[packing].available)
        assert_true(run_messages(&w, (plan_packing)packing) <=
                    3.0 * w.plan.interface.cost[packing].predicted_error);
    world_clear(&w);
    base_buffer_clear(&file);
  }

  assert_true(n_mixed > 40 && n_deep > 10);
}

/* What still cannot be: too many in a row, too many side by side. Both name a node. */
static void test_refusals(void **state) {
  (void)state;
  static const char *const said[] = {"(MatMul): the model has too many activations in a row",
                                     "(Concat): too many branches side by side"};
  for (int wide = 0; wide < 2; wide++) {
    builder b;
    char text[64], all[256] = "Concat:t0";
    int n = wide ? 17 : 257;
    network_model model;
    onnx_import_report report;
    builder_init(&b, 13);
    builder_input(&b, "t0", "N,2");
    builder_floats(&b, "w", "2,2", (double[]){1.0, 0.5, -0.5, 1.0}, 4);
    for (int i = 0; i < n; i++) {
      snprintf(text, sizeof text, "MatMul:t%d,w:m%d", wide ? 0 : i, i);
      builder_node(&b, text, NULL);
      snprintf(text, sizeof text, "Mul:m%d,m%d:t%d", i, i, i + 1);
      builder_node(&b, text, NULL);
      if (wide || i == n - 1)
        snprintf(all + strlen(all), sizeof all - strlen(all), ",t%d", i + 1);
    }
    snprintf(all + strlen(all), sizeof all - strlen(all), ":y");
    builder_node(&b, all, "axis=1", NULL);
    builder_output(&b, "y");
    base_buffer file = builder_file(&b);
    assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_ERROR_FORMAT);
    if (strstr(base_last_error(), said[wide]) == NULL)
      fail_msg("%s", base_last_error());
    base_buffer_clear(&file);
    builder_clear(&b);
  }
}

/* A branch that gives one value is a constant beside others; alone it leaves nothing to compute. */
static void test_constant_branch(void **state) {
  (void)state;
  static const char *const beside[] = {"MatMul:x,w:c", "Sub:c,c:d",     "Sigmoid:d:a",
                                       "Concat:a,x:g", "MatMul:g,vv:y", NULL};
  static const char *const alone[] = {"MatMul:x,w:c", "Sub:c,c:d", "Sigmoid:d:a", "MatMul:a,v:y",
                                      NULL};
  network_model model;
  onnx_import_report report;
  double rows[20 * 10];
  bool gathered = false;
  net_seed = 17;
  base_buffer file = square_net(beside);
  random_rows(rows, 200);
  assert_int_equal(import(&model, &report, &file, rows, 20), CKKS_OK);
  assert_int_equal(report.activation[0].degree, 0);
  assert_same(&model, &file, 1e-9);
  assert_plan(&model, &file, &gathered);
  network_clear(&model);
  base_buffer_clear(&file);
  file = square_net(alone);
  assert_int_equal(import(&model, &report, &file, rows, 20), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "(Sigmoid): it is constant on what it sees"));
  base_buffer_clear(&file);
}

static void test_memory(void **state) {
  (void)state;
  net_seed = 19;
  base_buffer file = square_net(exact_nets[2].nodes);
  for (long k = 1;; k++) {
    network_model model;
    onnx_import_report report;
    base_alloc_fail_at(k);
    ckks_status status = import(&model, &report, &file, NULL, 0);
    base_alloc_fail_at(0);
    if (status == CKKS_OK) {
      network_clear(&model);
      break;
    }
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  base_buffer_clear(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_exact_networks),
                                     cmocka_unit_test(test_branches_of_their_own),
                                     cmocka_unit_test(test_residual_convolutions),
                                     cmocka_unit_test(test_random_graphs_encrypted),
                                     cmocka_unit_test(test_refusals),
                                     cmocka_unit_test(test_constant_branch),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
