/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight token create|list|revoke: who may use a service. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "server/server.h"

typedef struct arguments {
  const char *action, *state, *name, *id, *scope;
  uint64_t key_mb, per_minute, per_day;
  bool json;
} arguments;

static const cli_command *describe(arguments *a) {
  static cli_option options[8];
  const cli_option table[] = {
      {"state", 's', CLI_TEXT, &a->state, "FOLDER", "that of the service", 0, 0, true},
      {"name", 0, CLI_TEXT, &a->name, "NAME", "create: whose it is (unnamed)", 0, 0, 0},
      {"id", 0, CLI_TEXT, &a->id, "ID", "revoke: which", 0, 0, 0},
      {"key-mb", 0, CLI_INTEGER, &a->key_mb, "N", "create: keys it may store (256)", 0, 1 << 24, 0},
      {"requests-per-minute", 0, CLI_INTEGER, &a->per_minute, "N", "create: (6000)", 0, 1e9, 0},
      {"predictions-per-day", 0, CLI_INTEGER, &a->per_day, "N",
       "create: guards the model against being copied; a row is one, or what compile says (10000)",
       0, 1e12, 0},
      {"scope", 0, CLI_TEXT, &a->scope, "LIST",
       "create: what it is for: infer, metrics, admin, with commas between (infer)", 0, 0, 0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print JSON", 0, 0, 0}};
  static const cli_command command = {
      "token", "create|list|revoke",
      "Tokens for clients of a service. create prints one, once: only a hash of it is kept.\n"
      "revoke takes effect at once, and the token's keys are shredded.",
      options, sizeof options / sizeof options[0]};
  memcpy(options, table, sizeof options);
  return &command;
}

static const char *const scope_name[] = {"infer", "metrics", "admin"};
#define N_SCOPES (sizeof scope_name / sizeof *scope_name)

static ckks_status parse_scopes(unsigned *out, const char *list) {
  for (*out = 0;; list++) {
    size_t n = strcspn(list, ","), i = 0;
    while (i < N_SCOPES && (strlen(scope_name[i]) != n || strncmp(scope_name[i], list, n) != 0))
      i++;
    if (i == N_SCOPES)
      return base_fail(CKKS_ERROR_ARGUMENT,
                       "--scope: must be of infer, metrics and admin, with commas between");
    *out |= 1u << i;
    list += n;
    if (*list == '\0')
      return CKKS_OK;
  }
}

static void print_scopes(char out[32], unsigned scopes) {
  out[0] = '\0';
  for (size_t i = 0; i < N_SCOPES; i++)
    if ((scopes >> i & 1) != 0)
      snprintf(out + strlen(out), 32 - strlen(out), "%s%s", out[0] != '\0' ? "," : "",
               scope_name[i]);
}

static json_t *json_of(const server_token *token) {
  char scopes[32];
  print_scopes(scopes, token->limits.scopes);
  return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "scope", scopes, "id", token->id,
                   "name", token->name, "created", (json_int_t)token->created, "revoked",
                   (json_int_t)token->revoked, "max_key_bytes",
                   (json_int_t)token->limits.max_key_bytes, "requests_per_minute",
                   (json_int_t)token->limits.requests_per_minute, "predictions_per_day",
                   (json_int_t)token->limits.predictions_per_day);
}

static ckks_status print_json(const server_token *token, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(list, json_of(&token[i]));
  return cli_print_json(list);
}

static ckks_status create(const arguments *a) {
  char text[SERVER_TOKEN_CHARS];
  server_token token;
  server_limits limits = {a->key_mb << 20, a->per_minute, a->per_day, 0};
  BASE_TRY(parse_scopes(&limits.scopes, a->scope));
  BASE_TRY(server_token_create(text, &token, a->state, a->name, &limits));
  ckks_status status = CKKS_OK;
  if (a->json) {
    json_t *object = json_of(&token);
    json_object_set_new(object, "token", json_string(text));
    status = cli_print_json(object);
  } else {
    printf("%s\n", text);
  }
  base_wipe(text, sizeof text);
  return status;
}

static void print_time(char text[24], int64_t seconds) {
  time_t t = (time_t)seconds;
  struct tm parts;
  if (seconds == 0 || gmtime_r(&t, &parts) == NULL ||
      strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    snprintf(text, 24, "-");
}

static void print_token(const server_token *token) {
  char created[24], revoked[24], scopes[32];
  print_scopes(scopes, token->limits.scopes);
  print_time(created, token->created);
  print_time(revoked, token->revoked);
  cli_print_cell(stdout, token->id, 18);
  cli_print_cell(stdout, token->name, 24);
  cli_print_cell(stdout, created, 22);
  cli_print_cell(stdout, revoked, 22);
  printf("%s, %llu MB, %llu a minute, %llu predictions a day\n", scopes,
         (unsigned long long)(token->limits.max_key_bytes >> 20),
         (unsigned long long)token->limits.requests_per_minute,
         (unsigned long long)token->limits.predictions_per_day);
}

static ckks_status list(const arguments *a) {
  server_token *token;
  size_t n;
  BASE_TRY(server_token_list(&token, &n, a->state));
  ckks_status status = CKKS_OK;
  if (a->json)
    status = print_json(token, n);
  else
    for (size_t i = 0; i < n; i++)
      print_token(&token[i]);
  base_free(token);
  return status;
}

static ckks_status revoke(const arguments *a) {
  BASE_TRY(server_token_revoke(a->state, a->id));
  return a->json ? cli_print_json(json_pack("{s:s, s:b}", "id", a->id, "revoked", 1)) : CKKS_OK;
}

int cli_token(int argc, char **argv) {
  server_limits limits;
  server_token_defaults(&limits);
  arguments a = {.name = "unnamed",
                 .scope = "infer",
                 .key_mb = limits.max_key_bytes >> 20,
                 .per_minute = limits.requests_per_minute,
                 .per_day = limits.predictions_per_day};
  const cli_command *command = describe(&a);
  int code = cli_options_parse(&a.action, command, argc, argv);
  if (code != -1)
    return code;
  if (strcmp(a.action, "create") == 0)
    return cli_print_status(create(&a));
  if (strcmp(a.action, "list") == 0)
    return cli_print_status(list(&a));
  if (strcmp(a.action, "revoke") != 0)
    return cli_options_fail(command, "%s: must be create, list or revoke", a.action);
  if (a.id == NULL)
    return cli_options_fail(command, "revoke needs --id");
  return cli_print_status(revoke(&a));
}
