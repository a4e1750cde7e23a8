# SPDX-License-Identifier: Apache-2.0
"""Long calls into C that Ctrl-C ends within a moment."""

from __future__ import annotations

import threading
from typing import Any, Callable, TypeVar

Result = TypeVar("Result")


def interruptible(function: Callable[..., Result], *arguments: Any) -> Result:
    """function(*arguments). The main thread lets another one make the call, since Python raises
    nothing inside of C: at Ctrl-C it goes on with KeyboardInterrupt at once. The call itself ends
    when it does, with nobody to take its result."""
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    results: list[Result] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(function(*arguments))
        except BaseException as error:  # raised where the call was made
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name="blindsight").start()
    done.wait()
    if errors:
        raise errors[0]
    return results[0]
