# SPDX-License-Identifier: Apache-2.0
"""The commands that a wheel brings: the programs themselves, started under their names. A module
of its own, so that they start without NumPy."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def _start(name: str) -> None:
    path = Path(__file__).resolve().parent / "blindsight" / "bin" / name
    if not os.access(path, os.X_OK):
        sys.exit(f"{name}: this package holds no programs; a wheel does (make wheel)")
    os.execv(path, [name, *sys.argv[1:]])


def blindsight() -> None:
    """``blindsight``"""
    _start("blindsight")


def blindsight_infer() -> None:
    """``blindsight-infer``"""
    _start("blindsight-infer")


def blindsight_server() -> None:
    """``blindsight-server``"""
    _start("blindsight-server")
