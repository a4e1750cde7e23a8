/* SPDX-License-Identifier: Apache-2.0 */
/* Many files with a main() become one program, since links are what a build spends its time on:
 * cmake/tests.cmake puts this header before each file of a room's tests, TEST_NAME being the
 * file's. Its main gets a name of its own and is known to tests/many.c before that starts. */
#ifndef TESTS_MANY_H
#define TESTS_MANY_H

typedef int test_main(int argc, char **argv);

/* `name` stays the caller's. */
void test_many_add(const char *name, test_main *run);

#include "heap.h"

#define TEST_JOIN_(a, b) a##b
#define TEST_JOIN(a, b) TEST_JOIN_(a, b)
#define TEST_TEXT_(a) #a
#define TEST_TEXT(a) TEST_TEXT_(a)

static test_main TEST_JOIN(TEST_NAME, _main);

__attribute__((constructor)) static void test_many_here(void) {
  test_many_add(TEST_TEXT(TEST_NAME), TEST_JOIN(TEST_NAME, _main));
}

#ifdef TEST_FUZZ
/* A fuzz target has an entry point of its own; ours replays stored inputs with it. */
#include <stddef.h>
#include <stdint.h>
#define LLVMFuzzerTestOneInput TEST_JOIN(TEST_NAME, _input)
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int test_replay(int (*input)(const uint8_t *, size_t), int argc, char **argv);

static int TEST_JOIN(TEST_NAME, _main)(int argc, char **argv) {
  return test_replay(LLVMFuzzerTestOneInput, argc, argv);
}
#else
#define main(...)                                                                                  \
  TEST_JOIN(TEST_NAME, _main)                                                                      \
  (__attribute__((unused)) int argc, __attribute__((unused)) char **argv)
#endif
#endif
