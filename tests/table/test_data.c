/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "random.h"
#include "table/csv.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A copy of exactly the bytes: a read past the end would be seen. */
static ckks_status parse(table_data *data, const char *text, const table_options *options) {
  size_t n = strlen(text);
  char *copy = base_alloc(n);
  memcpy(copy, text, n);
  ckks_status status = table_data_parse(data, copy, n, "t.csv", options);
  base_free(copy);
  return status;
}

static const table_options labelled = {.label = "y"};

static void expect_error(const char *words) {
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not contain \"%s\"", base_last_error(), words);
}

static void refuse(const char *text, const char *words) {
  table_data data;
  assert_int_equal(parse(&data, text, &labelled), CKKS_ERROR_FORMAT);
  expect_error(words);
  expect_error("t.csv: ");
  assert_null(data.value);
  assert_int_equal(data.n_rows, 0);
}

/* ------------------------------------------------------------------- good */

static void expect_table(const char *text, const char *note) {
  table_data d;
  const table_options options = {.label = "y", .drop = (const char *[]){"d,e"}, .n_drop = 1};
  if (parse(&d, text, &options) != CKKS_OK)
    fail_msg("%s: %s", text, base_last_error());
  assert_int_equal(d.n_rows, 2);
  assert_int_equal(d.n_features, 2);
  assert_string_equal(d.feature[1], "b c");
  assert_memory_equal(d.value, ((double[]){1.5, 2, -0.25, 1}), 4 * sizeof(double));
  assert_string_equal(d.class_name[1], "v");
  assert_true(d.n_dropped_columns >= 2);
  if (note == NULL)
    assert_int_equal(d.n_notes, 0);
  else if (d.n_notes == 0 || strstr(d.note[0], note) == NULL)
    fail_msg("%s: noted: %s", text, d.n_notes > 0 ? d.note[0] : "nothing");
  table_data_clear(&d);
}

/* One table as people have it, and what is said of it. */
static void tables_are_read_as_they_come(void **state) {
  (void)state;
  expect_table("a,b c,d,y,e\n1.5,2,x,u,x\n-0.25,1,x,v,x\n", NULL);
  expect_table("\xef\xbb\xbfid,a,\"b\r\nc\",d,y,e\r\n7,1.5,2,x,u,x\r\n8,-0.25,1,x,v,x\r\n", NULL);
  expect_table("a;b c;d;y;e\n1.5;2;x;u;x\n-0.25;1;x;v;x\n", "separated by semicolons");
  expect_table("a;b c;d;y;e\n1,5;2;x;u;x\n-0,25;1;x;v;x\n",
               "separated by semicolons, and numbers have decimal commas");
  expect_table("a\tb c\td\ty\te\n1.5\t2\t\tu\tx\n-0.25\t1\tx\tv\t\n", "separated by tabs");
  expect_table("a|b c|d|y|e\n1.5|2|x, or so|u|x\n-0.25|1|x|v|x\n", "separated by bars");
  expect_table("a,b c,d,y,e,\n1.5,2,x,u,x,\n-0.25,1,x,v,x,\n",
               "column 6 has no name and no values");
  expect_table("a,b c,d,y,e,\n1.5,2,x,u,x\n-0.25,1,x,v,x\n", "column 6 has no name and no values");
  expect_table("a,b c,d,y,e\n1.5,2,x,u,x\n-0.25,True,x,v,x\n", "true and false count as 1 and 0");
}

/* Numbers of rows would be learnt by heart. */
static void identifiers_are_told(void **state) {
  (void)state;
  char text[2000] = "row,patient_id,x,y\n";
  table_data d;
  for (int r = 0; r < 30; r++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,%d,%c\n", 7 + (11 * r) % 30,
             1000 + r * r, (r * 7) % 13, r % 2 ? 'u' : 'v');
  assert_int_equal(parse(&d, text, &labelled), CKKS_OK);
  assert_int_equal(d.n_notes, 2);
  assert_non_null(strstr(d.note[0], "column \"row\" numbers the rows"));
  assert_non_null(strstr(d.note[1], "column \"patient_id\" numbers the rows"));
  table_data_clear(&d);
}

/* What pandas takes for missing is so in features; a class may be called None. */
static void missing_values_have_many_names(void **state) {
  (void)state;
  table_data d;
  assert_int_equal(
      parse(&d, "a,y\nN/A,None\n#N/A,x\n<NA>,x\nNone,x\nn/a,x\n-NaN,x\n1,None\n", &labelled),
      CKKS_OK);
  assert_int_equal(d.missing[0], 6);
  assert_string_equal(d.class_name[0], "None");
  table_data_clear(&d);
}

/* Texts are categories where that is wanted; a model's client numbers them as training did. */
static void texts_become_categories(void **state) {
  (void)state;
  const table_options texts = {.label = "y", .texts = true};
  const char *const classes[] = {"u", "v"}, *const features[] = {"city", "a"};
  char text[3000] = "city,a,y\n";
  table_data d, client;
  for (int r = 0; r < 210; r++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s,%d,%c\n",
             r == 7   ? "Rye"
             : r == 9 ? ""
             : r % 3  ? "Rome"
                      : "Oslo",
             r * r % 17, r % 2 ? 'u' : 'v');
  assert_int_equal(parse(&d, text, &labelled), CKKS_ERROR_FORMAT);
  expect_error("column 1 \"city\": \"Oslo\" where a number is needed");
  assert_int_equal(parse(&d, text, &texts), CKKS_OK);
  const encoding_feature *city = &d.input.feature[0];
  assert_int_equal(city->kind, ENCODING_CATEGORIES);
  assert_int_equal(city->n_values, 3);
  assert_string_equal(city->category[0], "Oslo");
  assert_string_equal(city->category[2], ENCODING_OTHER);
  assert_int_equal(d.input.feature[1].kind, ENCODING_SCALE);
  assert_int_equal(d.input.n_inputs, 5); /* three categories, missing, a */
  assert_true(d.value[0] == 0.0 && d.value[2] == 1.0 && d.value[14] == 2.0 && isnan(d.value[18]));
  const char *rows = "a,city\n1,Rome\n2,Rye\n3,NA\n4,(other)\n";
  assert_int_equal(table_data_parse_features(&client, rows, strlen(rows), "c.csv", features, 2,
                                             NULL, classes, 2, &d.input),
                   CKKS_OK);
  assert_true(client.value[0] == 1.0 && client.value[2] == 2.0 && isnan(client.value[4]) &&
              client.value[6] == 2.0);
  assert_int_equal(client.n_notes, 1);
  assert_non_null(
      strstr(client.note[0], "column \"city\": 1 texts that the model has no category"));
  table_data_clear(&client);
  table_data_clear(&d);
}

/* Codes are numbers however they are written, never the number of a category. */
static void codes_are_numbers(void **state) {
  (void)state;
  char ten[] = "10", half[] = "2.5", one[] = "1", *names[] = {ten, half, one};
  encoding_feature code = {.kind = ENCODING_CATEGORIES, .n_values = 3, .category = names};
  const encoding_input input = {1, 3, &code};
  const char *const features[] = {"c"};
  const char *rows = "c\n1e1\n2.50\n1.0\n10\n";
  table_data d;
  assert_int_equal(table_data_parse_features(&d, rows, strlen(rows), "c.csv", features, 1, NULL,
                                             NULL, 0, &input),
                   CKKS_OK);
  assert_true(d.value[0] == 0.0 && d.value[1] == 1.0 && d.value[2] == 2.0 && d.value[3] == 0.0);
  table_data_clear(&d);
  assert_int_equal(
      table_data_parse_features(&d, "c\n1\n2\n", 6, "c.csv", features, 1, NULL, NULL, 0, &input),
      CKKS_ERROR_FORMAT);
  expect_error("line 3, column 1 \"c\": \"2\" is none of the model's categories");
}

/* Rows may be as short as their commas allow. */
static void short_rows_without_the_last_column_fit(void **state) {
  (void)state;
  table_data d;
  char text[4000] = "a,y,\n";
  for (int r = 0; r < 500; r++)
    strcat(text, r % 2 ? ",u\n" : ",v\n");
  assert_int_equal(parse(&d, text, &labelled), CKKS_OK);
  assert_int_equal(d.n_rows, 500);
  table_data_clear(&d);
}

static void what_is_a_quantity(void **state) {
  (void)state;
  table_data d;
  assert_int_equal(parse(&d, "a,y\n1,0.5\n2,1.5\n3,2.25\n", &labelled), CKKS_OK);
  assert_null(d.label);
  assert_memory_equal(d.target, ((double[]){0.5, 1.5, 2.25}), 3 * sizeof(double));
  assert_int_equal(d.n_classes, 1);
  assert_string_equal(d.class_name[0], "y");
  table_data_clear(&d);
  assert_int_equal(parse(&d, "a,y\n1,0.5\n2,1.5\n3,0.5\n", &labelled), CKKS_OK);
  assert_null(d.target);
  table_data_clear(&d);
  assert_int_equal(parse(&d, "a;y\n1;0,5\n2;1,5\n3;2,5\n", &labelled), CKKS_OK);
  assert_true(d.target != NULL && d.target[2] == 2.5);
  table_data_clear(&d);
  char many[1000] = "a,y\n";
  for (int r = 0; r < 42; r++)
    snprintf(many + strlen(many), sizeof many - strlen(many), "1,%d\n", r % 21);
  assert_int_equal(parse(&d, many, &labelled), CKKS_OK);
  assert_non_null(d.target);
  assert_int_equal(d.n_distinct, 21);
  table_data_clear(&d);
  const table_options classes = {.label = "y", .task = TABLE_TASK_CLASSES};
  assert_int_equal(parse(&d, many, &classes), CKKS_OK);
  assert_int_equal(d.n_classes, 21);
  table_data_clear(&d);
  const table_options numbers = {.label = "y", .task = TABLE_TASK_REGRESSION};
  assert_int_equal(parse(&d, "a,y\n1,1\n2,u\n", &numbers), CKKS_ERROR_FORMAT);
  expect_error("line 3, column 2 \"y\": \"u\" where the label is to be a number");
}

static void a_table_is_read_whole(void **state) {
  (void)state;
  table_data d;
  assert_int_equal(parse(&d, "a,y,b\n1,no,-2.5e1\n+.5,yes,3.\n0,no,1E-2\n", &labelled), CKKS_OK);
  assert_int_equal(d.n_rows, 3);
  assert_int_equal(d.n_features, 2);
  assert_string_equal(d.feature[0], "a");
  assert_string_equal(d.feature[1], "b");
  assert_memory_equal(d.value, ((double[]){1, -25, 0.5, 3, 0, 0.01}), 6 * sizeof(double));
  assert_int_equal(d.n_classes, 2);
  assert_string_equal(d.class_name[0], "no");
  assert_string_equal(d.class_name[1], "yes");
  assert_memory_equal(d.label, ((int[]){0, 1, 0}), 3 * sizeof(int));
  assert_memory_equal(d.line, ((size_t[]){2, 3, 4}), 3 * sizeof(size_t));
  assert_int_equal(d.n_dropped_columns, 0);
  table_data_clear(&d);
  table_data_clear(&d);
}

/* What would be learnt as hundreds of classes, or as two of one meaning, is refused. */
static void labels_that_are_no_classes_are_refused(void **state) {
  (void)state;
  refuse("a,y\n1,1.5\n2,2.5\n3,None\n4,3.5\n",
         "line 4, column 2 \"y\": \"None\" among 3 different numbers");
  refuse("a,y\n1,1\n2,0\n3,1.0\n", "column 2 \"y\": \"1.0\" and \"1\" (line 2) are one number");
  refuse("a,y\n1,u\n2,u\n", "\"u\" in all 2 rows");
  const table_options classes = {.label = "y", .task = TABLE_TASK_CLASSES};
  table_data d;
  assert_int_equal(parse(&d, "a,y\n1,1.5\n2,2.5\n3,None\n4,yes\n5,Yes\n", &classes), CKKS_OK);
  assert_int_equal(d.n_classes, 5);
  assert_int_equal(d.n_notes, 2);
  assert_string_equal(d.note[0], "label \"None\" is a class, not a missing label");
  assert_string_equal(d.note[1], "labels \"Yes\" and \"yes\" are two classes");
  table_data_clear(&d);
}

/* A text behind true and false would shift what they are the numbers of. */
static void columns_of_several_kinds_are_refused_or_named(void **state) {
  (void)state;
  const char *const list[] = {"a,c"}, *const label[] = {"y"};
  table_options texts = {.label = "y", .texts = true};
  table_data d;
  assert_int_equal(parse(&d, "a,c,y\nTRUE,1,u\nFALSE,2,v\nno,3,u\n", &texts), CKKS_ERROR_FORMAT);
  expect_error("line 4, column 1 \"a\": \"no\" among true and false");
  texts.categories = list;
  texts.n_categories = 1;
  assert_int_equal(parse(&d, "a,c,y\nTRUE,1,u\nFALSE,02,v\nno,1.0,u\n,x,u\n7,2,v\n", &texts),
                   CKKS_OK);
  assert_int_equal(d.input.feature[0].n_values, 5); /* 7, FALSE, TRUE, no, (other) */
  assert_memory_equal(((double[]){d.value[0], d.value[2], d.value[4], d.value[8]}),
                      ((double[]){2, 1, 3, 0}), 4 * sizeof(double));
  assert_int_equal(d.input.feature[1].n_values, 4); /* 02, 1, x, (other) */
  assert_memory_equal(((double[]){d.value[1], d.value[3], d.value[5], d.value[7], d.value[9]}),
                      ((double[]){1, 0, 1, 2, 0}), 5 * sizeof(double));
  table_data_clear(&d);
  texts.categories = label;
  assert_int_equal(parse(&d, "a,c,y\n1,1,u\n", &texts), CKKS_ERROR_FORMAT);
  expect_error("column 3 \"y\": of categories, but the label");
}

static void dates_are_told(void **state) {
  (void)state;
  const table_options texts = {.label = "y", .texts = true};
  table_data d;
  assert_int_equal(
      parse(&d, "a,b,c,y\n2024-01-05,12:30,30-39,u\n2024-01-06,12:45:01,\"x\ny\",v\n", &texts),
      CKKS_OK);
  assert_int_equal(d.n_notes, 3);
  assert_non_null(strstr(d.note[0], "\"a\": dates or times, taken as 2 categories"));
  assert_non_null(strstr(d.note[1], "\"b\": dates or times"));
  assert_string_equal(d.note[2], "column \"c\": 2 categories");
  assert_string_equal(d.input.feature[2].category[1], "x y"); /* lines are joined */
  table_data_clear(&d);
  assert_int_equal(parse(&d, "a,y\n25.4.2024,u\n", &texts), CKKS_ERROR_FORMAT);
  expect_error("\"25.4.2024\" is a date");
}

static void no_label_column_is_needed(void **state) {
  (void)state;
  const table_options none = {.label = NULL};
  table_data d;
  assert_int_equal(parse(&d, "a\n1\n2", &none), CKKS_OK);
  assert_int_equal(d.n_rows, 2);
  assert_null(d.label);
  assert_int_equal(d.n_classes, 0);
  table_data_clear(&d);
}

/* The same table in every dress that files wear. */
static void line_ends_quotes_and_marks_do_not_matter(void **state) {
  (void)state;
  static const char *const texts[] = {
      "a,y,b\n1,p,2\n3,q,4\n",
      "a,y,b\r\n1,p,2\r\n3,q,4\r\n",
      "a,y,b\r1,p,2\r3,q,4",
      ("\xef\xbb\xbf"
       "a,y,b\n1,p,2\n3,q,4"),
      "\"a\",\"y\",\"b\"\n\"1\",\"p\",\"2\"\n\"3\",\"q\",\"4\"\n",
      "\n\n a , y ,\tb\n\n1 , p, 2\n   \n 3,\t\"q\" ,4\n\n\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    table_data d;
    assert_int_equal(parse(&d, texts[i], &labelled), CKKS_OK);
    assert_int_equal(d.n_rows, 2);
    assert_string_equal(d.feature[0], "a");
    assert_string_equal(d.feature[1], "b");
    assert_memory_equal(d.value, ((double[]){1, 2, 3, 4}), 4 * sizeof(double));
    assert_string_equal(d.class_name[1], "q");
    table_data_clear(&d);
  }
}

static void quotes_hold_commas_quotes_and_lines(void **state) {
  (void)state;
  table_data d;
  assert_int_equal(
      parse(&d, "\"a \"\"x\"\", b\",y\n1,\"one\ntwo\"\n2,\"\"\"\"\n3,\" z\"\n4,z\n", &labelled),
      CKKS_OK);
  assert_string_equal(d.feature[0], "a \"x\", b");
  assert_int_equal(d.n_classes, 4);
  assert_string_equal(d.class_name[0], " z"); /* blanks inside quotes stay */
  assert_string_equal(d.class_name[1], "\"");
  assert_string_equal(d.class_name[2], "one two"); /* which no name may hold */
  assert_string_equal(d.class_name[3], "z");
  assert_memory_equal(d.line, ((size_t[]){2, 4, 5, 6}), 4 * sizeof(size_t));
  table_data_clear(&d);
}

static void missing_values_are_nan_and_counted(void **state) {
  (void)state;
  table_data d;
  assert_int_equal(parse(&d, "a,b,y\n,1,u\nNA,na,u\nNaN,2,v\nnull,?,v\n5,\"\",v\n", &labelled),
                   CKKS_OK);
  assert_int_equal(d.missing[0], 4);
  assert_int_equal(d.missing[1], 3);
  for (size_t r = 0; r < 5; r++) {
    assert_int_equal(isnan(d.value[2 * r]) != 0, r < 4);
    assert_int_equal(isnan(d.value[2 * r + 1]) != 0, r != 0 && r != 2);
  }
  assert_true(d.value[8] == 5);
  table_data_clear(&d);
}

static void id_and_row_numbers_and_named_columns_are_dropped(void **state) {
  (void)state;
  const char *const drop[] = {"case", "note"};
  const table_options options = {.label = "y", .drop = drop, .n_drop = 2};
  table_data d;
  assert_int_equal(
      parse(&d, "\"\",Id,case,a,note,y\n1,x,Test,7,\"free, text\",0\n2,y,,8,,1\n", &options),
      CKKS_OK);
  assert_int_equal(d.n_features, 1);
  assert_string_equal(d.feature[0], "a");
  assert_int_equal(d.n_dropped_columns, 4);
  assert_true(d.value[0] == 7 && d.value[1] == 8);
  table_data_clear(&d);
  /* ... but not a label that is called so. */
  const table_options by_id = {.label = "id"};
  assert_int_equal(parse(&d, "id,a\nx,1\ny,2\n", &by_id), CKKS_OK);
  assert_int_equal(d.n_classes, 2);
  table_data_clear(&d);
}

static void expect_classes(const char *text, size_t n, const char *const *names, const int *labels,
                           size_t n_rows) {
  table_data d;
  assert_int_equal(parse(&d, text, &labelled), CKKS_OK);
  assert_int_equal(d.n_classes, n);
  for (size_t i = 0; i < n; i++)
    assert_string_equal(d.class_name[i], names[i]);
  assert_int_equal(d.n_rows, n_rows);
  assert_memory_equal(d.label, labels, n_rows * sizeof(int));
  table_data_clear(&d);
}

static void classes_are_in_order(void **state) {
  (void)state;
  expect_classes("a,y\n1,10\n1,9\n1,-1\n1,9\n", 3, (const char *const[]){"-1", "9", "10"},
                 (const int[]){2, 1, 0, 1}, 4);
  expect_classes("a,y\n1,b10\n1,b9\n1,B\n", 3, (const char *const[]){"B", "b10", "b9"},
                 (const int[]){1, 2, 0}, 3);
  expect_classes("a,y\n1,10\n1,9\n1,x\n", 3, (const char *const[]){"10", "9", "x"},
                 (const int[]){0, 1, 2}, 3);
}

/* -------------------------------------------------------------------- bad */

static void headers_are_checked(void **state) {
  (void)state;
  refuse("", "empty: a header line");
  refuse("\xef\xbb\xbf\n\n", "empty: a header line");
  refuse("1,2,3\n4,5,6\n", "line 1: numbers where a header line");
  refuse("a,y,a\n1,2,3\n", "line 1: two columns are named \"a\"");
  refuse("\na,,y\n1,2,3\n", "line 3, column 2: \"2\" in a column without a name");
  refuse("a,\xff,y\n1,2,3\n", "line 1: byte 0xff is no UTF-8; if it is Latin-1");
  refuse("a,b,y\n1,2,u\n\"caf\xe9\",2,v\n", "line 3: byte 0xe9 is no UTF-8");
  refuse("a;b;y\n1,5;2.5;3\n",
         "line 2: \"2.5\" has a decimal point where numbers before have commas");
  refuse("a,b\n1,2\n", "line 1: there is no column \"y\" (label); there are: a, b");
  refuse("y\n1\n", "line 1: 0 feature columns where 1 to 16384");
  refuse("a,y\n", "no rows behind the header");
}

static void bad_values_are_named_by_line_and_column(void **state) {
  (void)state;
  refuse("a,size,y\n1,2,u\n1,big,v\n", "line 3, column 2 \"size\": \"big\" where a number");
  refuse("a,y\n0x10,u\n", "line 2, column 1 \"a\": \"0x10\" where a number");
  refuse("a,y\n1 2,u\n", "line 2, column 1 \"a\": \"1 2\" where a number");
  refuse("a,y\n\"1,5\",u\n", "line 2, column 1 \"a\": \"1,5\" where a number");
  refuse("a,y\n.,u\n", "\".\" where a number");
  refuse("a,y\n1e,u\n", "\"1e\" where a number");
  refuse("a,y\n-,u\n", "\"-\" where a number");
  refuse(
      "a,b,c,y\n1,x,2,u\nred,2,3,v\n1,2,inf,v\nx,y,1,u\n",
      "line 2, column 2 \"b\": \"x\" where a number is needed (or drop the column); and in 2 more "
      "columns: \"a\" (line 3), \"c\" (line 4)");
  refuse("a,y\n1,u\ninf,v\n", "line 3, column 1 \"a\": \"inf\" is not a finite number");
  refuse("a,y\n-Infinity,v\n", "\"-Infinity\" is not a finite number");
  refuse("a,y\n1e400,v\n", "\"1e400\" is not a finite number");
  refuse("a,y\n1,\n", "line 2, column 2 \"y\": \"\" where a label is needed");
  refuse("a,y\n1,u\n2,NA\n", "line 3, column 2 \"y\": \"NA\" where a label is needed");
}

static void bad_records_are_named_by_line(void **state) {
  (void)state;
  refuse("a,b,y\n1,2,u\n3,v\n", "line 3: 2 columns where the header has 3");
  refuse("a,y\n1,u,\n", "line 2: 3 columns where the header has 2");
  refuse("a,y\n\"1\n\n2\",u,\n", "line 2: 3 columns"); /* where the record begins */
  refuse("a,y\n1,\"u\n", "line 2, column 2: the quote is never closed");
  refuse("a,y\n\"1\"2,u\n", "line 2, column 1: text behind the closing quote");
  table_data d;
  assert_int_equal(table_data_parse(&d, "a\0b,y", 5, "t.csv", &labelled), CKKS_ERROR_FORMAT);
  expect_error("zero bytes");
}

static void labels_are_checked(void **state) {
  (void)state;
  const char *const drop[] = {"b"};
  const table_options unknown = {.label = "y", .drop = drop, .n_drop = 1};
  table_data d;
  refuse("a,y\n1,u\n2,u\n",
         "column 2 \"y\": \"u\" in all 2 rows: 1 class where 2 to 1024 are allowed");
  assert_int_equal(parse(&d, "a,y\n1,u\n", &unknown), CKKS_ERROR_FORMAT);
  expect_error("there is no column \"b\" (to be dropped); there are: a, y");
  char text[400] = "a,y\n1,";
  memset(text + 6, 'u', 256);
  refuse(text, "line 2, column 2 \"y\"");
  expect_error("too long for a label");
}

static char *repeat(const char *head, const char *format, int from, int to, const char *tail) {
  size_t capacity = strlen(head) + strlen(tail) + 16 * (size_t)(to - from) + 1;
  char *text = base_alloc(capacity);
  size_t n = (size_t)snprintf(text, capacity, "%s", head);
  for (int i = from; i < to; i++)
    n += (size_t)snprintf(text + n, capacity - n, "%s%d%s", format, i, i + 1 < to ? "," : "");
  snprintf(text + n, capacity - n, "%s", tail);
  return text;
}

static void limits_hold_on_both_sides(void **state) {
  (void)state;
  const table_options none = {.label = NULL};
  table_data d;
  char *text = repeat("", "x", 0, 16384, "\n");
  char *row = repeat("", "", 0, 16384, "\n");
  char *both = base_alloc(strlen(text) + strlen(row) + 1);
  snprintf(both, strlen(text) + strlen(row) + 1, "%s%s", text, row);
  assert_int_equal(parse(&d, both, &none), CKKS_OK);
  assert_int_equal(d.n_features, 16384);
  assert_true(d.value[16383] == 16383);
  table_data_clear(&d);
  base_free(text);
  base_free(row);
  base_free(both);
  text = repeat("", "x", 0, 16385, "\n1\n");
  assert_int_equal(parse(&d, text, &none), CKKS_ERROR_FORMAT);
  expect_error("16385 feature columns where 1 to 16384");
  base_free(text);
  text = repeat("", "x", 0, 32769, "\n1\n");
  assert_int_equal(parse(&d, text, &none), CKKS_ERROR_FORMAT);
  expect_error("line 1, column 32769: too many columns");
  base_free(text);
}

static void rows_have_a_limit(void **state) {
  (void)state;
  const table_options none = {.label = NULL};
  size_t n = 2 + 2 * (TABLE_DATA_MAX_ROWS + 1);
  char *text = base_alloc(n);
  table_data d;
  for (size_t i = 0; i < n; i += 2)
    memcpy(text + i, i == 0 ? "a\n" : "7\n", 2);
  assert_int_equal(table_data_parse(&d, text, n - 2, "t.csv", &none), CKKS_OK);
  assert_int_equal(d.n_rows, TABLE_DATA_MAX_ROWS);
  table_data_clear(&d);
  assert_int_equal(table_data_parse(&d, text, n, "t.csv", &none), CKKS_ERROR_FORMAT);
  expect_error("line 1048578: more than 1048576 rows");
  base_free(text);
}

/* -------------------------------------------------- the columns of a model */

static ckks_status parse_features(table_data *d, const char *text, const char *label) {
  static const char *const features[] = {"b", "a"}, *const classes[] = {"no", "yes"};
  return table_data_parse_features(d, text, strlen(text), "c.csv", features, 2, label, classes, 2,
                                   NULL);
}

static void a_client_reads_the_columns_of_the_model(void **state) {
  (void)state;
  const char *text = "id,a,note,b,y\n1,10,hello,20,yes\n2,,x,21,no\n";
  table_data d;
  assert_int_equal(parse_features(&d, text, "y"), CKKS_OK);
  assert_string_equal(d.feature[0], "b");
  assert_true(d.value[0] == 20 && d.value[1] == 10 && d.value[2] == 21 && isnan(d.value[3]));
  assert_int_equal(d.missing[1], 1);
  assert_memory_equal(d.label, ((int[]){1, 0}), 2 * sizeof(int));
  assert_int_equal(d.n_dropped_columns, 2);
  table_data_clear(&d);
  assert_int_equal(parse_features(&d, text, "absent"), CKKS_OK);
  assert_null(d.label);
  assert_int_equal(d.n_dropped_columns, 3);
  table_data_clear(&d);
  assert_int_equal(parse_features(&d, "b,a,y\n1,2,yes\n", "y"), CKKS_OK); /* one class is enough */
  assert_int_equal(d.label[0], 1);
  assert_int_equal(d.n_classes, 2);
  table_data_clear(&d);
}

static void a_client_is_told_what_does_not_fit(void **state) {
  (void)state;
  table_data d;
  assert_int_equal(parse_features(&d, "a,c\n1,2\n", NULL), CKKS_ERROR_FORMAT);
  expect_error("c.csv: line 1: there is no column \"b\" (needed by the model); there are: a, c");
  assert_int_equal(parse_features(&d, "a,b,y\n1,2,no\n1,2,maybe\n", "y"), CKKS_ERROR_FORMAT);
  expect_error("line 3, column 3 \"y\": \"maybe\" is none of the model's 2 labels");
  assert_int_equal(parse_features(&d, "a,b\n1,x\n", NULL), CKKS_ERROR_FORMAT);
  expect_error("line 2, column 2 \"b\": \"x\" where a number");
  assert_null(d.value);
}

/* ------------------------------------------------------------------ files */

static void the_breast_cancer_table_has_its_shape(void **state) {
  (void)state;
  const table_options options = {.label = "diagnosis"};
  table_data d;
  if (access("data/wdbc.csv", R_OK) != 0) {
    print_message("data/wdbc.csv is not here: run from the repository's root\n");
    skip();
  }
  uint8_t *bytes;
  size_t n_bytes, n_malignant = 0;
  assert_int_equal(base_file_read(&bytes, &n_bytes, "data/wdbc.csv", 1 << 20), CKKS_OK);
  assert_int_equal(n_bytes, 124571);
  base_free(bytes);
  assert_int_equal(table_data_read(&d, "data/wdbc.csv", &options), CKKS_OK);
  assert_int_equal(d.n_rows, 569);
  assert_int_equal(d.n_features, 30);
  assert_int_equal(d.n_dropped_columns, 1); /* id */
  assert_string_equal(d.feature[0], "radius_mean");
  assert_string_equal(d.feature[29], "fractal_dimension_worst");
  assert_string_equal(d.class_name[0], "B");
  assert_string_equal(d.class_name[1], "M");
  for (size_t r = 0; r < d.n_rows; r++)
    n_malignant += d.label[r] == 1;
  assert_int_equal(n_malignant, 212);
  assert_true(d.value[0] == 17.99 && d.value[29] == 0.1189 && d.value[568 * 30] == 7.76);
  for (size_t i = 0; i < 30; i++)
    assert_int_equal(d.missing[i], 0);
  table_data_clear(&d);
}

static void other_tables_are_read(void **state) {
  (void)state;
  static const char *const drop_case[] = {"case"};
  static const struct {
    const char *path, *label;
    size_t n_drop, n_rows, n_features, n_classes, n_missing;
  } tables[] = {
      {"../shared/data/tables/BreastCancer.csv", "Class", 0, 699, 9, 2, 16},
      {"../shared/data/tables/Ionosphere.csv", "Class", 0, 351, 34, 2, 0},
      {"../shared/data/tables/cells.csv", "class", 1, 2019, 56, 2, 0},
      {"../shared/data/tables/spam.csv", "type", 0, 4601, 57, 2, 0},
      {"../shared/data/tables/thyroid.csv", "Diagnosis", 0, 215, 5, 3, 0},
      {"../shared/data/tables/wpbc.csv", "status", 0, 198, 33, 2, 4},
  };
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    table_data d;
    size_t n_missing = 0;
    if (access(tables[i].path, R_OK) != 0) {
      print_message("SKIP: %s is not here\n", tables[i].path);
      continue;
    }
    const table_options options = {
        .label = tables[i].label, .drop = drop_case, .n_drop = tables[i].n_drop};
    assert_int_equal(table_data_read(&d, tables[i].path, &options), CKKS_OK);
    assert_int_equal(d.n_rows, tables[i].n_rows);
    assert_int_equal(d.n_features, tables[i].n_features);
    assert_int_equal(d.n_classes, tables[i].n_classes);
    for (size_t f = 0; f < d.n_features; f++)
      n_missing += d.missing[f];
    assert_int_equal(n_missing, tables[i].n_missing);
    table_data_clear(&d);
  }
}

static void a_missing_file_is_named(void **state) {
  (void)state;
  static const char *const features[] = {"a"};
  table_data d;
  assert_int_equal(table_data_read(&d, "no/such.csv", &labelled), CKKS_ERROR_IO);
  expect_error("no/such.csv");
  assert_null(d.value);
  assert_int_equal(table_data_read_features(&d, "no/such.csv", features, 1, NULL, NULL, 0, NULL),
                   CKKS_ERROR_IO);
}

/* -------------------------------------------------------------- robustness */

/* Any text: a status, nothing leaked, and what is accepted is whole. */
static void random_texts_never_break_it(void **state) {
  (void)state;
  static const char alphabet[] = "ay,,,\n\n\r\"\"12.-e? ";
  uint64_t seed = 5;
  int n_accepted = 0;
  for (int round = 0; round < 20000; round++) {
    char text[64] = "a,y\n";
    size_t n = 4 + test_random(&seed) % 50;
    for (size_t i = 4; i < n; i++)
      text[i] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
    table_data d;
    if (parse(&d, text, &labelled) == CKKS_OK) {
      n_accepted++;
      assert_true(d.n_rows >= 2 && d.n_classes >= 2 && d.n_features == 1);
      for (size_t r = 0; r < d.n_rows; r++)
        assert_true(d.label[r] >= 0 && (size_t)d.label[r] < d.n_classes);
    }
    table_data_clear(&d);
  }
  assert_true(n_accepted > 0 && n_accepted < 20000);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  table_data d;
  long k = 1;
  for (;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = table_data_parse(&d, "a,b,y\n1,2,u\n3,4,v\n", 18, "t.csv", &labelled);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(d.feature);
  }
  assert_true(k > 12);
  table_data_clear(&d);
  for (k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = parse_features(&d, "a,b,y\n1,2,no\n3,4,yes\n", "y");
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  base_alloc_fail_at(0);
  assert_true(k > 10);
  table_data_clear(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_table_is_read_whole),
      cmocka_unit_test(tables_are_read_as_they_come),
      cmocka_unit_test(identifiers_are_told),
      cmocka_unit_test(missing_values_have_many_names),
      cmocka_unit_test(short_rows_without_the_last_column_fit),
      cmocka_unit_test(texts_become_categories),
      cmocka_unit_test(codes_are_numbers),
      cmocka_unit_test(what_is_a_quantity),
      cmocka_unit_test(labels_that_are_no_classes_are_refused),
      cmocka_unit_test(columns_of_several_kinds_are_refused_or_named),
      cmocka_unit_test(dates_are_told),
      cmocka_unit_test(no_label_column_is_needed),
      cmocka_unit_test(line_ends_quotes_and_marks_do_not_matter),
      cmocka_unit_test(quotes_hold_commas_quotes_and_lines),
      cmocka_unit_test(missing_values_are_nan_and_counted),
      cmocka_unit_test(id_and_row_numbers_and_named_columns_are_dropped),
      cmocka_unit_test(classes_are_in_order),
      cmocka_unit_test(headers_are_checked),
      cmocka_unit_test(bad_values_are_named_by_line_and_column),
      cmocka_unit_test(bad_records_are_named_by_line),
      cmocka_unit_test(labels_are_checked),
      cmocka_unit_test(limits_hold_on_both_sides),
      cmocka_unit_test(rows_have_a_limit),
      cmocka_unit_test(a_client_reads_the_columns_of_the_model),
      cmocka_unit_test(a_client_is_told_what_does_not_fit),
      cmocka_unit_test(the_breast_cancer_table_has_its_shape),
      cmocka_unit_test(other_tables_are_read),
      cmocka_unit_test(a_missing_file_is_named),
      cmocka_unit_test(random_texts_never_break_it),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
