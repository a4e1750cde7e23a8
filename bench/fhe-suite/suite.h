/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the seven programs of our submission share: the sizes of the benchmark, the folders in
 * which its harness looks, whole files. The programs stand in the root of the harness, which
 * starts them there one after the other; a file that is not as it should be ends them with a line
 * on standard error and exit code 1.
 */
#ifndef SUITE_H
#define SUITE_H
#include <blindsight.h>

#define SUITE_PIXELS 784 /**< of an image, 28 rows of 28 */
#define SUITE_N_SIZES 4
#define SUITE_PATH_BYTES 256

/** One size of the benchmark, as harness/params.py has it. */
typedef struct suite_size {
  const char *name; /**< of its folders */
  size_t n_images;
  blindsight_packing packing; /**< single images for few, batches for many */
} suite_size;

extern const suite_size suite_sizes[SUITE_N_SIZES];

/** The size that the only argument names, "0" to "3". */
const suite_size *suite_argument(int argc, char **argv);
/** Threads of the server: the environment's SUITE_THREADS, 1 to 256; 1. */
int suite_threads(void);
/** Seconds of a clock that nobody sets back. */
double suite_seconds(void);
/** One line, as the harness prints its own. */
void suite_say(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Ends the program with the library's last error unless `status` is CKKS_OK. */
void suite_check(ckks_status status, const char *what);
/** Ends the program with a line of text. */
_Noreturn void suite_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

typedef char suite_path[SUITE_PATH_BYTES];
/** io/NAME/FILE, `file` as printf has it. */
void suite_io(suite_path path, const suite_size *size, const char *file, ...)
    __attribute__((format(printf, 3, 4)));
/** Makes the folder io/NAME/FOLDER if it is not there. */
void suite_folder(const suite_size *size, const char *folder);
/** Of the compiled model: "client" or "server", for the packing of that size. */
void suite_plan(suite_path path, const suite_size *size, const char *side);

/** A whole file into *bytes (free). It may be absent where `optional`: then *bytes is NULL. */
void suite_read(uint8_t **bytes, size_t *n_bytes, const char *path, bool optional);
/** Written anew. */
void suite_write(const char *path, const void *bytes, size_t n_bytes);

/** Loads the client file for that size. */
blindsight_client *suite_client(const suite_size *size);
/** How many images a sample holds: a batch of ciphertexts that are shared, or all that are alone.
 */
size_t suite_sample_images(const suite_size *size, const blindsight_client *client);
#endif
