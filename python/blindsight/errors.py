# SPDX-License-Identifier: Apache-2.0
"""What the library refuses, by kind: each is an :class:`Error`, and what Python calls such a thing."""

from __future__ import annotations

from typing import Any


class Error(RuntimeError):
    """What the library refused, in its own words; `status` is the short name of the reason."""

    status = "unknown"

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> Any:
        return type(self), (self.status, str(self))


class ArgumentError(Error, ValueError):
    """A value outside its documented range."""


class OutOfMemoryError(Error, MemoryError):
    """Memory could not be had, or a ceiling was reached."""


class SecurityError(Error, ValueError):
    """Parameters would be weaker than the level asked for."""


class LevelError(Error):
    """Not enough levels are left for an operation."""


class RangeError(Error, ValueError):
    """A number is too large for its modulus or scale, or a row is outside a model's ranges."""


class MismatchError(Error, ValueError):
    """Objects made for different parameters or models."""


class MissingKeyError(Error):
    """A key that is needed is not there."""


class FormatError(Error, ValueError):
    """Bytes that are not what they should be."""


class InputOutputError(Error, OSError):
    """The operating system, or a service elsewhere, refused."""


class EntropyError(Error, OSError):
    """No randomness could be had."""


class CancelledError(Error):
    """Stopped on request."""


_KINDS: dict[str, type[Error]] = {
    "argument": ArgumentError, "memory": OutOfMemoryError, "security": SecurityError,
    "level": LevelError, "range": RangeError, "mismatch": MismatchError, "key": MissingKeyError,
    "format": FormatError, "io": InputOutputError, "entropy": EntropyError,
    "cancelled": CancelledError,
}


def error_of(status: str, message: str) -> Error:
    """The exception of a status."""
    return _KINDS.get(status, Error)(status, message)
