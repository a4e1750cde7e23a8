# SPDX-License-Identifier: Apache-2.0
"""The first images of an idx file as PNG, and all together as raw bytes:  xrays.py IDX FOLDER N"""

import struct
import sys
import zlib

data = open(sys.argv[1], "rb").read()
magic, n, height, width = struct.unpack(">IIII", data[:16])
assert magic == 0x803, hex(magic)
count = min(n, int(sys.argv[3]))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


for i in range(count):
    pixels = data[16 + i * height * width:16 + (i + 1) * height * width]
    lines = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    with open(f"{sys.argv[2]}/{i}.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n"
                   + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
with open(f"{sys.argv[2]}/all.raw", "wb") as file:
    file.write(data[16:16 + count * height * width])
