# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of so many columns and prints what its lines were, one each, as they
stood before the next was written over them:  terminal.py COLUMNS COMMAND..."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
program = subprocess.Popen(sys.argv[2:], stdin=slave, stdout=subprocess.DEVNULL, stderr=slave)
os.close(slave)
text = b""
while True:
    try:
        part = os.read(master, 65536)
    except OSError:  # nobody holds the other end any more
        break
    if not part:
        break
    text += part
code = program.wait()
for line in re.split(rb"[\r\n]+", text):
    shown = line.replace(b"\033[K", b"").decode("utf-8")
    if shown:
        print(f"{len(shown)}\t{shown}")
# Whether what stood in the line was taken away at the end.
print("cleared" if text.endswith(b"\r\033[K") else f"left: {text[-20:]!r}")
sys.exit(code)
