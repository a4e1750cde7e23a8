/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rooms ask of a computer, where there is none: one thread, no choice of instructions, no
 * environment. (base/threads.c, cpu.c, file.c and map.c are not part of a browser's build.)
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/threads.h"

const base_cpu *base_cpu_get(void) {
  static const base_cpu none = {.name = "WebAssembly"};
  return &none;
}

int base_threads_count(const base_threads *threads) {
  (void)threads;
  return 1;
}

void base_threads_run(base_threads *threads, size_t n, base_task task, void *context) {
  (void)threads;
  for (size_t i = 0; i < n; i++)
    task(context, i, 0);
}

char *getenv(const char *name) {
  (void)name;
  return NULL;
}

/* Debian's compiler-rt was built with stack protectors, of which wasi-libc knows nothing. */
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x00000aff;
_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void) {
  __builtin_trap();
}

/*
 * The end of wasi-libc's printf writes to standard error and stops, where a format has a long
 * double. None of ours has; and a client in a browser has nowhere to write. Thus it asks whoever
 * runs it for randomness and for nothing else (tests/web/wasm.sh reads its imports).
 */
#define NO_SUCH_FILE 8 /* EBADF of WASI */
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t, int32_t, int32_t, int32_t);
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t vectors, int32_t n,
                                                   int32_t written) {
  (void)fd, (void)vectors, (void)n, (void)written;
  return NO_SUCH_FILE;
}
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t, int64_t, int32_t, int32_t);
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t from,
                                                  int32_t at) {
  (void)fd, (void)offset, (void)from, (void)at;
  return NO_SUCH_FILE;
}
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t);
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd) {
  (void)fd;
  return NO_SUCH_FILE;
}
