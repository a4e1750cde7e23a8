/* SPDX-License-Identifier: Apache-2.0 */
/* A model, keys, and how a scripted server begins that has this model: shared by the tests of
 * client/remote.h. */
#ifndef TESTS_CLIENT_WORLD_H
#define TESTS_CLIENT_WORLD_H
#include "base/digest.h"
#include "blindsight/fixture.h"
#include "blindsight/objects.h"
#include "client/client.h"
#include "client/remote.h"
#include "client/scripted.h"
#include "plan/files.h"

/* One model, its client file as a server sends it, a session that evaluates, keys. */
static struct {
  blindsight_server *server;
  const plan_interface *interface;
  const ckks_params *params;
  uint8_t *file, *keys;
  size_t n_file, n_keys;
  ckks_secret_key *secret;
  char head[512]; /* of the answer with the client file */
  char put[96], head_of_key[96];
} world;

static inline int make_world(void **state) {
  char id[CLIENT_REMOTE_ID_CHARS + 1];
  (void)state;
  world.server = test_server();
  world.interface = blindsight_server_client(world.server)->interface;
  world.params = world.interface->params;
  assert_int_equal(plan_files_client_bytes(&world.file, &world.n_file, world.interface), CKKS_OK);
  assert_int_equal(client_keygen(&world.secret, &world.keys, &world.n_keys, world.interface),
                   CKKS_OK);
  client_remote_key_id(id, world.file, world.n_file);
  snprintf(
      world.head, sizeof world.head,
      "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nBlindsight-Version: 3\r\nContent-Length: %zu\r\n\r\n", id,
      world.n_file);
  client_remote_key_id(id, world.keys, world.n_keys);
  snprintf(world.put, sizeof world.put, "PUT /v2/keys/%s ", id);
  snprintf(world.head_of_key, sizeof world.head_of_key, "HEAD /v2/keys/%s ", id);
  return 0;
}

static inline int clear_world(void **state) {
  (void)state;
  ckks_secret_key_free(world.secret);
  base_free(world.keys);
  base_free(world.file);
  blindsight_server_free(world.server);
  return 0;
}

static inline client_http_options quick(const scripted *server) {
  client_http_options options;
  client_http_options_default(&options);
  options.url = server->url;
  options.pause_ms = 1;
  options.patience_s = 2;
  return options;
}

static inline scripted_line file_line(const char *path) {
  return (scripted_line){
      .expect = path, .answer = world.head, .body = world.file, .n_body = world.n_file};
}

static const char no_key[] = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
static const char stored[] = "HTTP/1.1 201 Yes\r\nContent-Length: 0\r\n\r\n";

/* A remote, connected by the first of these lines. */
static inline void start(scripted *server, client_remote *remote, const scripted_line *line,
                         size_t n) {
  scripted_start(server, line, n);
  client_http_options options = quick(server);
  assert_int_equal(client_remote_init(remote, &options, "m", NULL), CKKS_OK);
}
#define START(server, remote, lines) start(server, remote, lines, sizeof(lines) / sizeof(lines)[0])
#endif
