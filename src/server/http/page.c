/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/http/page.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "server/http/reply.h"

#define MAX_FILES 64
#define MAX_BYTES ((size_t)16 << 20)
#define INDEX "index.html"

/* Scripts, styles and connections of this origin alone, and WebAssembly, which is compiled. */
static const char policy[] =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' "
    "blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

typedef struct file {
  char name[64], tag[2 * BASE_DIGEST_BYTES + 1];
  const char *type;
  uint8_t *bytes;
  size_t n_bytes;
} file;

struct server_page {
  size_t n_files, n_bytes;
  file file[MAX_FILES];
};

/* --- reading */

/* NULL for what no browser is to be given. */
static const char *type_of(const char *name) {
  static const struct {
    const char *end, *type;
  } types[] = {{".html", "text/html; charset=utf-8"},
               {".css", "text/css; charset=utf-8"},
               {".js", "text/javascript; charset=utf-8"},
               {".wasm", "application/wasm"},
               {".svg", "image/svg+xml"},
               {".json", "application/json"},
               {".txt", "text/plain; charset=utf-8"}};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++)
    if (strcmp(dot, types[i].end) == 0)
      return types[i].type;
  return NULL;
}

static bool is_wanted(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return name[0] != '.' && name[strspn(name, allowed)] == '\0' && type_of(name) != NULL;
}

static ckks_status take_file(server_page *page, const char *folder, const char *name) {
  char path[4096];
  uint8_t digest[BASE_DIGEST_BYTES];
  if (page->n_files == MAX_FILES || strlen(name) >= sizeof page->file->name)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%.200s: a page has at most %d files, of names below %zu "
                     "characters",
                     folder, MAX_FILES, sizeof page->file->name);
  file *f = &page->file[page->n_files];
  snprintf(path, sizeof path, "%.3900s/%s", folder, name);
  BASE_TRY(base_file_read(&f->bytes, &f->n_bytes, path, MAX_BYTES - page->n_bytes));
  snprintf(f->name, sizeof f->name, "%s", name);
  f->type = type_of(name);
  base_digest(digest, f->bytes, f->n_bytes);
  for (size_t i = 0; i < sizeof digest; i++)
    snprintf(f->tag + 2 * i, 3, "%02x", digest[i]);
  page->n_bytes += f->n_bytes;
  page->n_files++;
  return CKKS_OK;
}

static const file *find(const server_page *page, const char *name) {
  for (size_t i = 0; i < page->n_files; i++)
    if (strcmp(page->file[i].name, name) == 0)
      return &page->file[i];
  return NULL;
}

static ckks_status read_folder(server_page *page, const char *folder) {
  DIR *listing = opendir(folder);
  ckks_status status = CKKS_OK;
  if (listing == NULL)
    return base_fail(CKKS_ERROR_IO, "%.200s: %s", folder, strerror(errno));
  for (struct dirent *entry; status == CKKS_OK && (entry = readdir(listing)) != NULL;)
    if (is_wanted(entry->d_name))
      status = take_file(page, folder, entry->d_name);
  closedir(listing);
  if (status == CKKS_OK && find(page, INDEX) == NULL)
    status = base_fail(CKKS_ERROR_FORMAT,
                       "%.200s: holds no page: there is no " INDEX
                       " (make wasm builds one: build/web/page)",
                       folder);
  return status;
}

ckks_status server_page_build(server_page **out, const char *folder) {
  server_page *page = base_alloc(sizeof *page);
  *out = NULL;
  if (page == NULL)
    return base_fail_memory(sizeof *page);
  ckks_status status = read_folder(page, folder);
  if (status == CKKS_OK)
    *out = page;
  else
    server_page_free(page);
  return status;
}

void server_page_free(server_page *page) {
  for (size_t i = 0; page != NULL && i < page->n_files; i++)
    base_free(page->file[i].bytes);
  base_free(page);
}

/* --- answering */

static void answer(server_request *request) {
  const file *f = &request->service->page->file[request->page_file];
  server_reply_header(request, "Content-Security-Policy", "%s", policy);
  server_reply_header(request, "X-Content-Type-Options", "nosniff");
  server_reply_header(request, "Referrer-Policy", "no-referrer");
  server_reply_header(request, "Cross-Origin-Opener-Policy", "same-origin");
  server_reply_header(request, "Cross-Origin-Resource-Policy", "same-origin");
  server_reply_header(request, "Permissions-Policy",
                      "camera=(self), microphone=(), geolocation=(), payment=()");
  if (server_reply_unchanged(request, f->tag))
    return;
  uint8_t *bytes = base_alloc(f->n_bytes);
  if (bytes == NULL) {
    server_reply_status(request, base_fail_memory(f->n_bytes), NULL);
    return;
  }
  memcpy(bytes, f->bytes, f->n_bytes);
  server_reply_bytes(request, 200, f->type, bytes, f->n_bytes);
}

/* Not in the table of routes: it is there only where the page is, and no interface for programs. */
static const server_route route = {"GET", "/", answer, .open = true, .quiet = true, .id = "page"};

const server_route *server_page_find(server_request *request, const char *method,
                                     const char *path) {
  const server_page *page = request->service->page;
  if (page == NULL || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
    return NULL;
  const file *f = find(page, strcmp(path, "/") == 0 ? INDEX : path + 1);
  if (f == NULL)
    return NULL;
  request->page_file = (size_t)(f - page->file);
  return &route;
}

/* --- hashes */

static int by_name(const void *a, const void *b) {
  return strcmp(((const file *)a)->name, ((const file *)b)->name);
}

ckks_status server_page_hashes(const char *folder,
                               void (*show)(void *context, const char *name, const char *hash),
                               void *context) {
  server_page *page;
  BASE_TRY(server_page_build(&page, folder));
  qsort(page->file, page->n_files, sizeof *page->file, by_name);
  for (size_t i = 0; i < page->n_files; i++) {
    uint8_t digest[crypto_hash_sha256_BYTES];
    char text[64];
    crypto_hash_sha256(digest, page->file[i].bytes, page->file[i].n_bytes);
    sodium_bin2base64(text, sizeof text, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    show(context, page->file[i].name, text);
  }
  server_page_free(page);
  return CKKS_OK;
}
