# SPDX-License-Identifier: Apache-2.0
"""The side that computes: a compiled model, sessions with clients' keys."""

from __future__ import annotations

import threading
from ctypes import byref, c_void_p, sizeof, string_at
from typing import Any, Union

from numpy.typing import ArrayLike

from ._native import (PROGRESS, CompileOptions, Handle, assign, doubles, library, made, octets,
                      refuse_copy, taken, text)
from .client import Client, Progress
from .interrupt import interruptible
from .model import Model
from .tables import Named, Path, Predictions

Bytes = Union[bytes, bytearray, memoryview]

_MINIMISE = {"balanced": 0, "latency": 1, "upload": 2, "keys": 3}
_BOOTSTRAPS = {"auto": 0, "never": 1, "always": 2}
_PACKINGS = {"both": (True, True), "latency": (True, False), "throughput": (False, True)}


class _ServerClient(Client):
    """The public half of a server, which belongs to it."""

    def __init__(self, server: Handle) -> None:
        self._server = server
        self._take(c_void_p(library.blindsight_server_client(server)))


class Server(Named):
    """A compiled model, weights and all: its owner's secret. ``.client`` is the half that anybody
    may have. Of :func:`compile` it knows ``error``, for which it was made (0: a file does not say);
    ``usual_error``, the finer one that nobody asked for, where that left no room for latency packing
    (else 0); ``left_out``, packings that were wanted and could not be had beside the other."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        compiled = library.blindsight_server_compiled(handle).contents
        self.error: float = compiled.error
        self.usual_error: float = compiled.usual_error
        self.left_out: list[str] = [name for name, out in
                                    zip(("latency", "throughput"), compiled.left_out) if out]
        self.client: Client = _ServerClient(handle)
        self._take_names()

    def _names(self) -> Any:
        return self.client._names()

    @classmethod
    def load(cls, path: Path) -> Server:
        """A file of :meth:`save`, or of ``blindsight compile``."""
        return cls(interruptible(made, "blindsight_server", library.blindsight_server_load,
                                 text(path)))

    def save(self, path: Path) -> None:
        """Mode 0600. What ``serve`` takes, when its name ends with .server."""
        library.blindsight_server_save(text(path), self._handle)

    def prepare(self, weights_mb: int = 1024) -> None:
        """Encodes the weights, in so much memory at most: what does not fit is encoded when it is
        used. The first session does it otherwise, with 1024 MiB."""
        interruptible(library.blindsight_server_prepare, self._handle, weights_mb << 20)

    def session(self, keys: Bytes, threads: int = 1) -> Session:
        """Room to compute for one client, with its evaluation keys."""
        return Session(self, keys, threads)

    def load_session(self, path: Path, threads: int = 1) -> Session:
        """What :meth:`Session.save` kept, in a small part of the time that building it takes."""
        return Session(self, path=path, threads=threads)

    def infer(self, sample: Bytes, keys: Bytes, threads: int = 1) -> bytes:
        """One sample, for a client whose keys are not kept: :meth:`session` keeps them."""
        return self.session(keys, threads).infer(sample)

    def simulate(self, rows: ArrayLike | Any, packing: str = "auto", seed: int = 1,
                 threads: int = 1) -> Predictions:
        """Rows in clear, with the noise that every operation on ciphertexts would add."""
        values = self.client._values(rows)
        handle = interruptible(made, "blindsight_predictions", library.blindsight_server_simulate,
                               doubles(values), len(values),
                               self.client._packing(packing, len(values)), seed, threads,
                               self._handle)
        return self._predictions(handle, (), rows)

    def __copy__(self) -> Any:
        return _refuse_server()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _refuse_server()

    def __repr__(self) -> str:
        return f"<Server of {self.name!r}: depth {self.client.facts.depth}>"


def _refuse_server() -> Any:
    return refuse_copy("a compiled model holds its owner's weights, and is not copied or pickled: "
                       "save() writes it with mode 0600; its .client may travel")


class Session:
    """One client's keys on a server. Calls of many threads take turns."""

    def __init__(self, server: Server, keys: Bytes = b"", threads: int = 1, *,
                 path: Path | None = None) -> None:
        self._server = server  # lives as long
        self._turn = threading.Lock()
        if path is not None:
            self._handle = interruptible(made, "blindsight_session",
                                         library.blindsight_session_load, server._handle,
                                         text(path), threads)
            return
        keys = octets(keys)
        self._handle = interruptible(made, "blindsight_session", library.blindsight_session_build,
                                     server._handle, keys, len(keys), threads)

    def save(self, path: Path) -> None:
        """Weights and keys as they stand in memory, for :meth:`Server.load_session` on this
        machine. Mode 0600: as private as the server file."""
        library.blindsight_session_save(text(path), self._handle)

    def infer(self, sample: Bytes) -> bytes:
        """Sample in, result out; nothing of either is known here."""
        sample = octets(sample)

        def run() -> bytes:
            with self._turn:  # also when nobody waits for it any more
                return taken(library.blindsight_session_infer, sample, len(sample), self._handle)

        return interruptible(run)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return refuse_copy("a session holds a client's expanded keys, and is not copied or "
                           "pickled: build another one from the keys")


class Units:
    """What a machine can do, for :func:`compile`: its times of the operations."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    @classmethod
    def measure(cls) -> Units:
        """Of this machine, in seconds to a minute of work: ``blindsight calibrate``."""
        return cls(interruptible(made, "blindsight_units", library.blindsight_units_measure))

    @classmethod
    def load(cls, path: Path | None = None) -> Units:
        """A file of :meth:`save`, or of the command; None is the one where commands keep theirs."""
        return cls(made("blindsight_units", library.blindsight_units_load,
                        text(path) if path is not None else _cache()))

    def save(self, path: Path | None = None) -> None:
        """None: where the commands look for it."""
        library.blindsight_units_save(text(path) if path is not None else _cache(), self._handle)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return refuse_copy("units are not copied or pickled: save() and load() them")


def _cache() -> bytes:
    """Where the commands keep their units."""
    out = c_void_p()
    library.blindsight_units_cache_path(byref(out))
    if not out:
        raise ValueError("there is no cache: neither XDG_CACHE_HOME nor HOME is set")
    try:
        return string_at(out)
    finally:
        library.ckks_bytes_free(out)


def compile(model: Model, *, error: float = 0.0, security: int = 128, packing: str = "both",
            minimise: str = "balanced", last: str = "client", headroom: float = 4.0,
            log2_n: int = 0, weights_mb: int = 0, bootstrap: str = "auto",
            units: Units | Path | None = None, progress: Progress | None = None) -> Server:
    """Chooses encryption parameters for a model. Options are those of ``blindsight compile``; what
    cannot be had is refused, with what would help. `units` are of the machine that will serve
    (None: those built in; the command takes what ``blindsight calibrate`` left).
    `progress(stage, fraction)` is called for each choice that is tried, and stops it with a
    CancelledError by returning True."""
    if minimise not in _MINIMISE:
        raise ValueError(f"minimise = {minimise!r}: must be one of {', '.join(_MINIMISE)}")
    if packing not in _PACKINGS:
        raise ValueError(f"packing = {packing!r}: must be one of {', '.join(_PACKINGS)}")
    if last not in ("client", "server"):
        raise ValueError(f"last = {last!r}: must be client or server")
    if bootstrap not in _BOOTSTRAPS:
        raise ValueError(f"bootstrap = {bootstrap!r}: must be one of {', '.join(_BOOTSTRAPS)}")
    options = CompileOptions()
    library.blindsight_compile_options_default(byref(options), sizeof(options))
    assign(options, error=error, security=security, log2_n=log2_n)
    options.latency, options.throughput = _PACKINGS[packing]
    options.minimise, options.headroom = _MINIMISE[minimise], headroom
    options.last_on_server = last == "server"
    options.bootstrap = _BOOTSTRAPS[bootstrap]
    if units is not None and not isinstance(units, Units):
        units = Units.load(units)
    if units is not None:
        options.units = units._handle.pointer
    if weights_mb:
        assign(options, weights_bytes=weights_mb << 20)
    stopped = threading.Event()
    raised: list[BaseException] = []

    def show(context: Any, stage: bytes, fraction: float) -> int:
        try:
            return int(stopped.is_set() or
                       bool(progress and progress(stage.decode(), fraction)))
        except BaseException as thrown:  # goes on behind the call into C
            raised.append(thrown)
            return 1

    options.progress = PROGRESS(show)
    try:
        return Server(interruptible(made, "blindsight_server", library.blindsight_server_compile,
                                    model._handle, byref(options)))
    except BaseException:
        stopped.set()
        if raised:
            raise raised[0] from None
        raise


def infer(server: Server | Path, sample: Bytes, keys: Bytes, threads: int = 1, *,
          weights_mb: int | None = None) -> bytes:
    """One sample through a compiled model or the file of one: what ``blindsight-infer`` does."""
    compiled = server if isinstance(server, Server) else Server.load(server)
    if weights_mb is not None:
        compiled.prepare(weights_mb)
    return compiled.infer(sample, keys, threads)
