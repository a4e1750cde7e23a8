# SPDX-License-Identifier: Apache-2.0
"""``serve``: the service, for a while, from Python.

The service is the program ``blindsight-server``, with an HTTP server, a database and TLS that the
library does not hold, and without a line of code for secret keys. So it is started as a program of
its own, and ends with what started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path as FilePath
from typing import Any, Sequence, Union

from .errors import error_of
from .server import Server
from .tables import Path

Models = Union[Server, Path, Sequence[Server]]

READY = "blindsight: serving on "


def _program() -> str:
    """$BLINDSIGHT_SERVER, the wheel's own, that of a build around this file, or the system's."""
    given = os.environ.get("BLINDSIGHT_SERVER")
    here = FilePath(__file__).resolve()
    for path in (given, here.parent / "bin" / "blindsight-server",
                 here.parents[2] / "build" / "release" / "blindsight-server"):
        if path and os.access(path, os.X_OK):
            return str(path)
    found = shutil.which("blindsight-server")
    if found is None:
        raise error_of("io", "blindsight-server is not on the path: install it, or set "
                       "BLINDSIGHT_SERVER to the program")
    return found


class Service:
    """A service that runs until :meth:`stop`, or the end of a ``with``. ``.url`` is where."""

    url: str

    def __init__(self, models: Models, *, state: Path | None = None, listen: str = "127.0.0.1:0",
                 tls_cert: Path | None = None, tls_key: Path | None = None,
                 web: Path | bool = False, workers: int = 0,
                 options: Sequence[str] = ()) -> None:
        """Serves a compiled model, several, or what is in a file or folder. Without `state` tokens,
        keys and jobs are in a folder that goes with the service. `web` is the folder of the page,
        or True for that which is installed. `options` are more of ``blindsight-server serve``."""
        self._program = _program()
        self._folder = tempfile.TemporaryDirectory(prefix="blindsight-")
        self.state = os.fspath(state) if state is not None else f"{self._folder.name}/state"
        self._lines: list[str] = []
        command = [self._program, "serve", self._models(models), "--state", self.state,
                   "--listen", listen, "--workers", str(workers)]
        for name, value in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
            if value is not None:
                command += [name, os.fspath(value)]
        if web is True:
            command.append("--web")
        elif web is not False:
            command += ["--web", os.fspath(web)]
        self._process = subprocess.Popen(
            command + list(options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _models(self, models: Models) -> str:
        if isinstance(models, (str, os.PathLike)):
            return os.fspath(models)
        folder = FilePath(self._folder.name) / "models"
        folder.mkdir(mode=0o700)
        for server in [models] if isinstance(models, Server) else models:
            path = folder / f"{server.name}.server"
            if path.exists():
                raise ValueError(f"two models are called {server.name!r}: rename() one")
            server.save(path)
        return str(folder)

    def _wait(self) -> None:
        """Until it serves, or says why not."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))
            if line.startswith(READY):
                self.url = line[len(READY):].strip()
                self._reader.start()
                return
        raise error_of("io", "\n".join(self._lines[-2:]) or
                       "blindsight-server ended without a word")

    def _listen(self) -> None:
        """Reads on, so that the program never waits for a reader."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))
            del self._lines[:-1000]

    @property
    def log(self) -> list[str]:
        """The last lines that it wrote."""
        return list(self._lines)

    def token(self, name: str, *, scope: str = "infer", key_mb: int | None = None,
              requests_per_minute: int | None = None,
              predictions_per_day: int | None = None) -> str:
        """A new token, which is seen this once."""
        command = [self._program, "token", "create", "--state", self.state, "--name", name,
                   "--scope", scope]
        for option, value in (("--key-mb", key_mb), ("--requests-per-minute", requests_per_minute),
                              ("--predictions-per-day", predictions_per_day)):
            if value is not None:
                command += [option, str(value)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise error_of("argument", done.stderr.strip())
        return done.stdout.strip()

    def reload(self) -> None:
        """Has it read models and certificates anew."""
        self._process.send_signal(signal.SIGHUP)

    def stop(self, limit_s: float = 45.0) -> int:
        """Answers what was begun, and ends; its exit status. What does not end within `limit_s` is
        killed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(limit_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        code = self._process.wait()
        if self._reader.ident is not None:
            self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()
        return code

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *raised: Any) -> None:
        self.stop()

    def __del__(self) -> None:
        if getattr(self, "_process", None) is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def __repr__(self) -> str:
        return f"<Service at {getattr(self, 'url', 'no URL')}>"


def serve(models: Models, **options: Any) -> Service:
    """Starts a :class:`Service`; `options` are its.

    >>> with serve(server) as service:                                   # doctest: +SKIP
    ...     remote = Remote(service.url, token=service.token("ward 7"), key="me.key")
    ...     print(remote.predict(rows).labels)
    """
    return Service(models, **options)
