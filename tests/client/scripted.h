/* SPDX-License-Identifier: Apache-2.0 */
/* A server on loopback that reads requests and answers them line by line of a script. */
#ifndef TESTS_CLIENT_SCRIPTED_H
#define TESTS_CLIENT_SCRIPTED_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct scripted_line {
  const char *expect; /* how the request must begin */
  const char *answer; /* its head and body; NULL = hang up without a word */
  const uint8_t *body;
  size_t n_body;  /* more bytes behind the answer */
  size_t hang_up; /* after so many bytes of the request's body, 0 = read all of it */
  bool then_close;
  bool drips; /* then a byte every tenth of a second, until the client goes, or for a minute */
} scripted_line;

#define SCRIPTED_HEAD_BYTES 4096
typedef struct scripted {
  const scripted_line *line;
  size_t n_lines, at;
  int listener;
  pthread_t thread;
  char url[64];
  char head[16][SCRIPTED_HEAD_BYTES]; /* of the requests, as they came */
  size_t n_body[16];                  /* bytes of body read */
  uint8_t *last_body;                 /* of the last request that had one */
  bool unexpected;
} scripted;

/* The head into `head`; what came of the body behind it. 0 = the client closed. */
static inline size_t scripted_read_head(int fd, char *head, size_t *n_more, uint8_t *more) {
  size_t n = 0;
  for (;;) {
    ssize_t got = recv(fd, head + n, SCRIPTED_HEAD_BYTES - 1 - n, 0);
    if (got <= 0)
      return 0;
    n += (size_t)got;
    head[n] = '\0';
    char *end = strstr(head, "\r\n\r\n");
    if (end != NULL) {
      *n_more = n - (size_t)(end + 4 - head);
      memcpy(more, end + 4, *n_more);
      end[2] = '\0';
      return (size_t)(end + 2 - head);
    }
  }
}

/* False when the line says to hang up in the middle. */
static inline bool scripted_read_body(int fd, scripted *s, const scripted_line *line, size_t index,
                                      const uint8_t *more, size_t n_more) {
  const char *length = strstr(s->head[index], "Content-Length: ");
  size_t n = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
  if (strstr(s->head[index], "Expect: 100-continue") != NULL && n_more == 0)
    (void)send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
  if (n > 0) {
    free(s->last_body);
    s->last_body = malloc(n);
    memcpy(s->last_body, more, n_more);
  }
  size_t at = n_more;
  while (at < n && (line->hang_up == 0 || at < line->hang_up)) {
    ssize_t got = recv(fd, s->last_body + at, n - at, 0);
    if (got <= 0)
      break;
    at += (size_t)got;
  }
  s->n_body[index] = at;
  return line->hang_up == 0;
}

/* "Content-Length: ?" becomes the length of the text behind the head. */
static inline void scripted_send(int fd, const char *answer) {
  static const char unknown[] = "Content-Length: ?";
  const char *at = strstr(answer, unknown), *body = strstr(answer, "\r\n\r\n");
  if (at != NULL && body != NULL) {
    char length[64];
    int n = snprintf(length, sizeof length, "Content-Length: %zu", strlen(body + 4));
    (void)send(fd, answer, (size_t)(at - answer), MSG_NOSIGNAL | MSG_MORE);
    (void)send(fd, length, (size_t)n, MSG_NOSIGNAL | MSG_MORE);
    answer = at + sizeof unknown - 1;
  }
  (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

/* One connection, until a line closes it; false when the script is at its end. */
static inline bool scripted_connection(int fd, scripted *s) {
  uint8_t more[SCRIPTED_HEAD_BYTES];
  size_t n_more;
  while (s->at < s->n_lines) {
    size_t index = s->at % 16;
    const scripted_line *line = &s->line[s->at];
    if (scripted_read_head(fd, s->head[index], &n_more, more) == 0)
      return true;
    s->at++;
    if (strncmp(s->head[index], line->expect, strlen(line->expect)) != 0) {
      fprintf(stderr, "request \"%.80s\" where \"%s\" is expected\n", s->head[index], line->expect);
      s->unexpected = true;
    }
    if (!scripted_read_body(fd, s, line, index, more, n_more) || line->answer == NULL)
      return true;
    scripted_send(fd, line->answer);
    if (line->n_body > 0)
      (void)send(fd, line->body, line->n_body, MSG_NOSIGNAL);
    for (int i = 0; line->drips && i < 600 && send(fd, ".", 1, MSG_NOSIGNAL) == 1; i++)
      usleep(100000);
    if (line->then_close || line->drips)
      return true;
  }
  return false;
}

static inline void *scripted_run(void *argument) {
  scripted *s = argument;
  for (bool more = s->n_lines > 0; more;) {
    int fd = accept(s->listener, NULL, NULL);
    if (fd < 0)
      break;
    more = scripted_connection(fd, s) && s->at < s->n_lines;
    close(fd);
  }
  shutdown(s->listener, SHUT_RDWR); /* nobody waits for an answer that cannot come */
  return NULL;
}

static inline void scripted_start(scripted *s, const scripted_line *line, size_t n_lines) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  memset(s, 0, sizeof *s);
  s->line = line;
  s->n_lines = n_lines;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(s->listener >= 0);
  assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(s->listener, 8), 0);
  assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &length), 0);
  snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
  assert_int_equal(pthread_create(&s->thread, NULL, scripted_run, s), 0);
}

/* Waits for the end of the script: each of its lines must have been asked for. The client's
 * connection must be closed before. */
static inline void scripted_end(scripted *s) {
  shutdown(s->listener, SHUT_RDWR);
  close(s->listener);
  pthread_join(s->thread, NULL);
  free(s->last_body);
  assert_int_equal(s->at, s->n_lines);
  assert_false(s->unexpected);
}

/* A request that begins so, and its answer. */
#define SCRIPTED_LINE(request, text)                                                               \
  { .expect = (request), .answer = (text) }
#define SCRIPTED_START(s, lines) scripted_start(s, lines, sizeof(lines) / sizeof(lines)[0])
#endif
