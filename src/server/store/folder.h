/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the state folder: their names, their safety, their end. */
#ifndef SERVER_FOLDER_H
#define SERVER_FOLDER_H
#include <stdbool.h>

void server_folder_path(char path[4096], const char *state, const char *folder, const char *token,
                        const char *id);
/** Syncs the file's folder after a rename or an unlink; false with errno. */
bool server_folder_sync(const char *state, const char *folder);
/** Overwrites a file with random bytes, syncs and unlinks it. A missing file is no error. */
bool server_folder_shred(const char *path);
#endif
