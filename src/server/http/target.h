/* SPDX-License-Identifier: Apache-2.0 */
/* What a request line asks for. */
#ifndef SERVER_TARGET_H
#define SERVER_TARGET_H
#include <stdbool.h>

#define SERVER_TARGET_CHARS 1024

/**
 * The path of a target as routes have it. Origin-form, absolute-form (http or https, whatever the
 * authority: RFC 9112, 3.2.2) and "*". Encoded letters, digits and "-._~" are those characters (RFC
 * 3986, 6.2.2.2); every other encoding stays as it is, so that "%2F" is no '/' and "%00" no end.
 * One
 * '/' at the end is left out. False: no target, or a longer one than any path here.
 */
bool server_target_read(char path[SERVER_TARGET_CHARS], const char *target);
#endif
