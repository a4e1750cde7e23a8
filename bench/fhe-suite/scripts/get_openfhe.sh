#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The harness calls this before it builds. Our submission stands on no other library of the field:
# there is nothing to get.
exit 0
