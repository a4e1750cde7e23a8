# SPDX-License-Identifier: Apache-2.0
"""A client of compiled models: keys, encryption, decryption, and a service over HTTP."""

from __future__ import annotations

import os
import signal
import ssl
import tempfile
import threading
import warnings
from contextlib import contextmanager
from ctypes import POINTER, byref, c_int, c_size_t, c_void_p, cast, sizeof
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, Callable, Iterator, Optional

import numpy as np
from numpy.typing import ArrayLike

from ._native import (PROGRESS, Handle, RawSorted, RemoteOptions, SortOptions, assign, doubles,
                      library,
                      made, octets, refuse_copy, taken, text)
from .interrupt import interruptible
from .tables import STATES, Floats, Named, Outlier, Path, Places, Predictions, numbers

Progress = Callable[[str, float], Optional[bool]]

LATENCY, THROUGHPUT = 0, 1
_PACKINGS = {"latency": LATENCY, "throughput": THROUGHPUT}
_JOBS = {"auto": 0, "never": 1, "always": 2}
_OUT_OF_RANGE = {"refuse": 0, "clip": 1, "mark": 2}


class OutOfRangeWarning(UserWarning):
    """Rows are outside what a model answers for; `Predictions.out_of_range` has all of them."""


@dataclass(frozen=True)
class Cost:
    """What a model asks for in one packing; `rows` is what one unit of the figures holds."""

    rows: int
    upload_bytes: int
    download_bytes: int
    predicted_ms: float
    predicted_error: float


@dataclass(frozen=True)
class Facts:
    """What a compiled model asks for and costs; a packing that it was not compiled for is None."""

    depth: int
    n_keys: int
    key_bytes: int
    max_abs_input: float
    latency: Cost | None
    throughput: Cost | None


@dataclass(frozen=True)
class Sorted:
    """Rows held against a model's ranges, by :meth:`Client.sort`: what encrypt and decrypt take."""

    states: list[str]
    out_of_range: list[Outlier]
    rows: Floats  # those that may be sent, clipped where their state says so
    numbers: Places  # which they were
    packing: str
    index: Any = None  # of the DataFrame that they were, if it was one


class SecretKey:
    """Made by :meth:`Client.keygen`, or loaded. It leaves a process as a private file only."""

    def __init__(self, handle: Handle, client: Client) -> None:
        self._handle = handle
        self._client = client

    @classmethod
    def load(cls, path: Path, client: Client) -> SecretKey:
        """A file of :meth:`save`, or of the commands; it must be for this client's parameters."""
        return cls(made("ckks_secret_key", library.blindsight_client_load_key, text(path),
                        client._handle), client)

    def save(self, path: Path) -> None:
        """Mode 0600."""
        library.ckks_secret_key_save(text(path), self._handle, self._client._params)

    def __copy__(self) -> SecretKey:
        """Nothing changes a key: itself."""
        return self

    def __deepcopy__(self, memo: Any) -> SecretKey:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return refuse_copy("a secret key is not pickled: it leaves a process as a private file "
                           "only; save() it, and load() it where it is needed")


def _client_of(data: bytes) -> Client:
    """What :meth:`Client.__reduce_ex__` wrote."""
    with tempfile.TemporaryDirectory() as folder:
        path = FilePath(folder) / "pickled.client"
        path.write_bytes(data)
        return Client(path)


class Client(Named):
    """What anybody may know of a compiled model."""

    def __init__(self, path: Path) -> None:
        """Reads and checks a client file."""
        self._take(made("blindsight_client", library.blindsight_client_load, text(path)))

    def _take(self, handle: Any) -> None:
        self._handle = handle
        self._take_names()

    def _names(self) -> Any:
        return library.blindsight_client_names(self._handle)

    def __copy__(self) -> Client:
        """Nothing changes a client: itself."""
        return self

    def __deepcopy__(self, memo: Any) -> Client:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Travels as its file does: nothing in it is secret."""
        with tempfile.TemporaryDirectory() as folder:
            path = FilePath(folder) / "pickled.client"
            self.save(path)
            return _client_of, (path.read_bytes(),)

    def __repr__(self) -> str:
        return f"<Client of {self.name!r}: {len(self.features)} features>"

    @property
    def _params(self) -> c_void_p:
        return c_void_p(library.blindsight_client_params(self._handle))

    @property
    def facts(self) -> Facts:
        """What the model asks for and costs."""
        raw = library.blindsight_client_facts(self._handle).contents
        costs = [Cost(c.rows, c.upload_bytes, c.download_bytes, c.predicted_ms, c.predicted_error)
                 if c.available else None for c in raw.cost]
        return Facts(raw.depth, raw.n_keys, raw.key_bytes, raw.max_abs_input, *costs)

    def save(self, path: Path) -> None:
        """Mode 0644: nothing in it is secret."""
        library.blindsight_client_save(text(path), self._handle)

    def keygen(self) -> tuple[SecretKey, bytes]:
        """A secret key, and the evaluation keys that the server needs."""
        def run() -> tuple[Handle, bytes]:
            secret = Handle("ckks_secret_key")

            def generate(keys: Any, n_keys: Any) -> None:
                library.blindsight_client_keygen(byref(secret.pointer), keys, n_keys,
                                                 self._handle)

            return secret, taken(generate)

        secret, keys = interruptible(run)
        return SecretKey(secret, self), keys

    def sort(self, rows: ArrayLike | Any, packing: str = "auto",
             out_of_range: str = "refuse") -> Sorted:
        """What becomes of rows before they are encrypted. Those outside the ranges that the model
        answers for are refused, moved to the ends of their ranges ("clip"), or sent in ciphertexts
        of their own ("mark": in throughput packing they are refused)."""
        array = self._values(rows)
        options = SortOptions()
        library.blindsight_sort_options_default(byref(options), sizeof(options))
        options.packing = self._packing(packing, len(array))
        options.out_of_range = _out_of_range(out_of_range)
        handle = made("blindsight_sorted", library.blindsight_client_sort, doubles(array),
                      len(array), byref(options), self._handle)
        return self._sorted(cast(handle.pointer, POINTER(RawSorted)).contents,
                            getattr(rows, "index", None) if hasattr(rows, "columns") else None)

    def _sorted(self, raw: RawSorted, index: Any) -> Sorted:
        states = [STATES[raw.state[row]] for row in range(raw.n_rows)]
        outliers = [Outlier(row, state, self.features[o.feature], o.value, o.low, o.high)
                    for row, state in enumerate(states) if state != "inside"
                    for o in (raw.outlier[row],)]
        rows = numbers(raw.value, raw.n_sent * raw.n_features).reshape(-1, raw.n_features)
        places = np.array([raw.number[i] for i in range(raw.n_sent)], np.intp)
        packing = next(name for name, value in _PACKINGS.items() if value == raw.packing)
        return Sorted(states, outliers, rows, places, packing, index)

    def encrypt(self, rows: ArrayLike | Sorted | Any, secret: SecretKey, packing: str = "auto") -> bytes:
        """Scales and encrypts rows, as they are, NaN where a value is missing. A row outside the
        ranges that the model answers for is an error, which names it: :meth:`sort` finds the
        others, and what it returns is taken in place of rows."""
        outside = None
        if isinstance(rows, Sorted):
            packing = rows.packing
            outside = byref(c_size_t()) if "outside" in rows.states else None
            rows = rows.rows
        array = self._values(rows)
        number = self._packing(packing, len(array))

        def run(sample: Any, n_sample: Any) -> None:
            library.blindsight_client_encrypt(sample, n_sample, outside, doubles(array),
                                              len(array), number, secret._handle, self._handle)

        return interruptible(taken, run)

    def decrypt(self, result: bytes | bytearray | memoryview, secret: SecretKey,
                rows: Sorted | None = None) -> Predictions:
        """For the owner of the key alone. With what :meth:`sort` returned, predictions are of all
        of its rows, by their numbers."""
        result = octets(result)
        handle = made("blindsight_predictions", library.blindsight_client_decrypt, result,
                      len(result), secret._handle, self._handle)
        if rows is None:
            return self._predictions(handle)
        states = (c_int * len(rows.states))(*map(STATES.index, rows.states))
        library.blindsight_predictions_spread(handle, states, len(states))
        answer = self._predictions(handle, rows.out_of_range)
        return replace(answer, rows=rows.index)

    def _packing(self, packing: str, n_rows: int) -> int:
        if packing == "auto":
            return int(library.blindsight_client_packing(self._handle, n_rows))
        if packing not in _PACKINGS:
            raise ValueError(f"packing = {packing!r}: must be auto, latency or throughput")
        return _PACKINGS[packing]


# Where the library looks for authorities to trust.
BUILT_IN = "/etc/ssl/certs/ca-certificates.crt"


def _authorities(given: Path | None) -> Path | None:
    """A file of authorities, where this system keeps its own elsewhere."""
    if given is not None or os.path.exists(BUILT_IN):
        return given
    return ssl.get_default_verify_paths().cafile


def _out_of_range(name: str) -> int:
    if name not in _OUT_OF_RANGE:
        raise ValueError(f"out_of_range = {name!r}: must be one of {', '.join(_OUT_OF_RANGE)}")
    return _OUT_OF_RANGE[name]


def _warn(answer: Predictions) -> None:
    """One warning for all rows: the first of them by name."""
    if answer.out_of_range:
        more = len(answer.out_of_range) - 1
        warnings.warn(f"{answer.out_of_range[0]}" + (f"; so are {more} more rows" if more else ""),
                      OutOfRangeWarning, stacklevel=3)


class _RemoteClient(Client):
    """The client file that a :class:`Remote` fetched, which belongs to it."""

    def __init__(self, remote: Handle) -> None:
        self._remote = remote
        self._take(c_void_p(library.blindsight_remote_client(remote)))


class Remote:
    """A model on a service elsewhere, which sees neither rows nor predictions.

    Many threads may use one: their calls take turns. Rows given together go `parallel` at a time.
    Ctrl-C ends a call within a moment.

    >>> remote = Remote("https://models.example.org", key="alice.key")   # doctest: +SKIP
    >>> remote.predict(rows).labels                                      # doctest: +SKIP
    """

    def __init__(self, url: str, *, key: Path | None = None, model: str | None = None,
                 plan: str | None = None, token: str | None = None,
                 token_file: Path | None = None, cacert: Path | None = None,
                 cert: Path | None = None, cert_key: Path | None = None, plain: bool = False,
                 timeout_s: int = 60, patience_s: int = 120, parallel: int = 4,
                 jobs: str = "auto", progress: Progress | None = None,
                 out_of_range: str = "refuse") -> None:
        """Finds the model and fetches its client file. Without `token` and `token_file` the
        environment's BLINDSIGHT_TOKEN is used. `parallel` requests are in flight at a time;
        `jobs` ("auto", "never", "always") says which of them the server may answer later: by
        itself those of thousands of rows. `progress(stage, fraction)` stops what is going on by
        returning True. `out_of_range` says what is done with rows that the model does not answer
        for: "refuse", "clip" or "mark" (:meth:`Client.sort`)."""
        self._turn = threading.Lock()
        self._owner: int | None = None
        self._progress = progress
        self._raised: BaseException | None = None
        self._interrupted = False
        self._callback = PROGRESS(self._show)
        options = RemoteOptions()
        library.blindsight_remote_options_default(byref(options), sizeof(options))
        for name, value in {"model": model, "plan": plan, "token": token,
                            "token_file": token_file, "cacert": _authorities(cacert), "cert": cert,
                            "cert_key": cert_key}.items():
            setattr(options, name, text(value))
        assign(options, plain=plain, timeout_s=timeout_s, patience_s=patience_s, parallel=parallel)
        if jobs not in _JOBS:
            raise ValueError(f"jobs is {jobs!r}: must be one of {', '.join(_JOBS)}")
        options.jobs = _JOBS[jobs]
        options.out_of_range = _out_of_range(out_of_range)
        self._out_of_range = out_of_range
        options.progress = self._callback
        self._handle = self._call(made, "blindsight_remote", library.blindsight_remote_build,
                                  text(url), byref(options))
        self.client: Client = _RemoteClient(self._handle)
        if key is not None:
            self.use_key(key)

    def use_key(self, path: Path) -> None:
        """Takes or makes the secret key in a file; the server gets its evaluation keys once."""
        self._call(library.blindsight_remote_use_key, self._handle, text(path))

    def predict(self, rows: ArrayLike | Any, packing: str = "auto") -> Predictions:
        """Encrypts, sends, decrypts. `Predictions.states` and `out_of_range` say which rows were
        outside the model's ranges, and what became of them; there is a warning of it too."""
        array = self.client._values(rows)
        handle = self._call(made, "blindsight_predictions", library.blindsight_remote_predict,
                            doubles(array), len(array), self.client._packing(packing, len(array)),
                            self._handle)
        # Rows go alone in latency packing, whatever the others do.
        alone = "latency" if self.client.facts.latency else packing
        outliers = self.client.sort(array, alone, self._out_of_range).out_of_range
        answer = self.client._predictions(handle, outliers, rows)
        _warn(answer)
        return answer

    def forget_keys(self) -> None:
        """Has the server shred the evaluation keys."""
        self._call(library.blindsight_remote_forget_keys, self._handle)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return refuse_copy("a connection is not copied or pickled: make another Remote where it is "
                           "needed, with the same key file")

    def __repr__(self) -> str:
        return f"<Remote of {self.client.name!r}>"

    def _show(self, context: Any, stage: bytes, fraction: float) -> int:
        try:
            return int(self._interrupted or
                       bool(self._progress and self._progress(stage.decode(), fraction)))
        except BaseException as raised:  # goes on behind the call into C
            self._raised = raised
            return 1

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C stops the call into C, and is raised behind it: raised inside of a callback, it
        would be lost in C."""
        usual = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(usual):
            yield
            return

        def note(number: int, frame: Any) -> None:
            self._interrupted = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)
            if self._interrupted:
                self._interrupted = False
                usual(signal.SIGINT, None)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """One call into C at a time: a remote belongs to one."""
        if self._owner == threading.get_ident():
            raise RuntimeError("a Remote cannot be used from its own progress callback")
        with self._turn:
            self._owner = threading.get_ident()
            self._raised = None
            try:
                with self._interruptible():
                    return function(*arguments)
            except Exception:
                if self._raised is not None:
                    raise self._raised from None
                raise
            finally:
                self._owner = None


def predict(url: str, rows: ArrayLike | Any, key: Path, **options: Any) -> Predictions:
    """One call for all of it; `options` are those of :class:`Remote`."""
    return Remote(url, key=key, **options).predict(rows)
