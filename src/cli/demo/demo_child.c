/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* wait4 */
#include "cli/demo/demo_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"

#define MOST_OUTPUT_BYTES ((size_t)64 << 20)
#define MOST_MESSAGES_BYTES ((size_t)16 << 20)
#define PIECE_BYTES 4096
/* What shells return for a program that cannot be started. */
#define CODE_NOT_STARTED 127

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* --- the child's side, between fork and exec: calls that are safe after a signal, only */

static void become(const char *const *argv, int output, int messages, pid_t parent) {
  /* Whoever interrupts the demonstration ends its children: they tidy up on SIGTERM. */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent || dup2(output, STDOUT_FILENO) < 0)
    _exit(CODE_NOT_STARTED);
  if (messages >= 0 && dup2(messages, STDERR_FILENO) < 0)
    _exit(CODE_NOT_STARTED);
  execv(argv[0], (char *const *)argv);
  _exit(CODE_NOT_STARTED);
}

/* --- the parent's side */

static ckks_status read_all(base_buffer *buffer, int from) {
  uint8_t piece[PIECE_BYTES];
  for (;;) {
    ssize_t n = read(from, piece, sizeof piece);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return base_fail(CKKS_ERROR_IO, "pipe: cannot read: %s", strerror(errno));
    if (n == 0)
      return base_buffer_status(buffer);
    base_buffer_append(buffer, piece, (size_t)n);
  }
}

static ckks_status await(cli_demo_child *child, int *code, pid_t pid) {
  struct rusage usage;
  while (wait4(pid, code, 0, &usage) != pid)
    if (errno != EINTR)
      return base_fail(CKKS_ERROR_IO, "cannot wait for a process: %s", strerror(errno));
  child->peak_rss_bytes = (size_t)usage.ru_maxrss * 1024;
  return CKKS_OK;
}

/* The last line of the messages behind `from`, "" when there is none. */
static void last_message(char text[256], const char *path, off_t from) {
  uint8_t *bytes;
  size_t n;
  text[0] = '\0';
  if (base_file_read(&bytes, &n, path, MOST_MESSAGES_BYTES) != CKKS_OK)
    return;
  while (n > (size_t)from && bytes[n - 1] == '\n')
    bytes[--n] = '\0';
  size_t start = n;
  while (start > (size_t)from && bytes[start - 1] != '\n')
    start--;
  if (start < n) {
    size_t length = n - start < 255 ? n - start : 255;
    memcpy(text, bytes + start, length);
    text[length] = '\0';
  }
  base_free(bytes);
}

static ckks_status fail_code(int code, const char *const *argv, const char *messages, off_t from) {
  char text[256];
  last_message(text, messages, from);
  const char *slash = strrchr(argv[0], '/'), *name = slash != NULL ? slash + 1 : argv[0];
  const char *word = argv[1] != NULL && argv[1][0] != '-' ? argv[1] : "";
  const char *blank = word[0] != '\0' ? " " : "", *colon = text[0] != '\0' ? ": " : "";
  if (WIFSIGNALED(code))
    return base_fail(CKKS_ERROR_IO, "%s%s%s was ended by signal %d%s%s", name, blank, word,
                     WTERMSIG(code), colon, text);
  if (WEXITSTATUS(code) == CODE_NOT_STARTED)
    return base_fail(CKKS_ERROR_IO, "%s: cannot be started", argv[0]);
  return base_fail(CKKS_ERROR_IO, "%s%s%s ended with code %d%s%s", name, blank, word,
                   WEXITSTATUS(code), colon, text);
}

/* Both ends of the pipe, and the file of messages, are closed on every way out. */
static ckks_status run(cli_demo_child *child, base_buffer *buffer, int *code,
                       const char *const *argv, int messages) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return base_fail(CKKS_ERROR_IO, "cannot make a pipe: %s", strerror(errno));
  double start = now_ms();
  pid_t parent = getpid(), pid = fork();
  if (pid == 0)
    become(argv, ends[1], messages, parent);
  close(ends[1]);
  ckks_status status = CKKS_OK;
  if (pid < 0)
    status = base_fail(CKKS_ERROR_IO, "cannot start a process: %s", strerror(errno));
  if (status == CKKS_OK) {
    status = read_all(buffer, ends[0]);
    if (status != CKKS_OK)
      kill(pid, SIGTERM);
    ckks_status ended = await(child, code, pid);
    status = status == CKKS_OK ? ended : status;
  }
  close(ends[0]);
  child->ms = now_ms() - start;
  return status;
}

ckks_status cli_demo_child_run(cli_demo_child *child, const char *const *argv, const char *messages,
                               bool visible) {
  int code = 0, log = open(messages, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    return base_fail(CKKS_ERROR_IO, "%s: cannot write: %s", messages, strerror(errno));
  off_t from = lseek(log, 0, SEEK_END);
  base_buffer buffer;
  base_buffer_init(&buffer, MOST_OUTPUT_BYTES);
  *child = (cli_demo_child){0};
  bool terminal = visible && isatty(STDERR_FILENO) == 1;
  ckks_status status = run(child, &buffer, &code, argv, terminal ? -1 : log);
  close(log);
  if (status == CKKS_OK && code != 0)
    status = fail_code(code, argv, messages, from);
  base_buffer_u8(&buffer, '\0');
  if (status == CKKS_OK)
    status = base_buffer_status(&buffer);
  if (status != CKKS_OK) {
    base_buffer_clear(&buffer);
    return status;
  }
  child->output = buffer.bytes; /* its owner from now on */
  child->n_output = buffer.n_bytes - 1;
  return CKKS_OK;
}
