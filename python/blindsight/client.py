# SPDX-License-Identifier: Apache-2.0
"""A client of compiled models: keys, encryption, decryption, and a service over HTTP."""

from __future__ import annotations

import os
from ctypes import POINTER, byref, c_size_t, c_void_p, cast, sizeof, string_at
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from ._native import (PROGRESS, Handle, RawPredictions, RemoteOptions, Rows, doubles, library,
                      made, octets, text)

Path = Union[str, "os.PathLike[str]"]
Progress = Callable[[str, float], Optional[bool]]

LATENCY, THROUGHPUT = 0, 1
_PACKINGS = {"latency": LATENCY, "throughput": THROUGHPUT}
_JOBS = {"auto": 0, "never": 1, "always": 2}


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
    depth: int
    n_keys: int
    key_bytes: int
    max_abs_input: float
    latency: Cost | None
    throughput: Cost | None


@dataclass(frozen=True)
class Predictions:
    """What a model says of rows: outputs, and the label of the largest one of each row.

    Where nothing is predicted (outputs that are values, or labels of which several may apply; an
    output that is NaN) the index is -1 and the label None.
    """

    outputs: np.ndarray
    indices: np.ndarray
    labels: list[str | None]

    def __len__(self) -> int:
        return len(self.labels)


class SecretKey:
    """Made by :meth:`Client.keygen`, or loaded. It leaves a process as a private file only."""

    def __init__(self, handle: Handle, client: Client) -> None:
        self._handle = handle
        self._client = client

    @classmethod
    def load(cls, path: Path, client: Client) -> SecretKey:
        return cls(made("ckks_secret_key", library.blindsight_client_load_key, text(path),
                        client._handle), client)

    def save(self, path: Path) -> None:
        """Mode 0600."""
        library.ckks_secret_key_save(text(path), self._handle, self._client._params)


class Client:
    """What anybody may know of a compiled model."""

    def __init__(self, path: Path) -> None:
        """Reads and checks a client file."""
        self._take(made("blindsight_client", library.blindsight_client_load, text(path)))

    def _take(self, handle: Any) -> None:
        self._handle = handle
        names = library.blindsight_client_names(handle).contents
        self.name: str = names.name.decode()
        self.features = [names.feature[i].decode() for i in range(names.n_features)]
        self.labels = [names.label[i].decode() for i in range(names.n_labels)]

    @property
    def _params(self) -> c_void_p:
        return c_void_p(library.blindsight_client_params(self._handle))

    @property
    def facts(self) -> Facts:
        raw = library.blindsight_client_facts(self._handle).contents
        costs = [Cost(c.rows, c.upload_bytes, c.download_bytes, c.predicted_ms, c.predicted_error)
                 if c.available else None for c in raw.cost]
        return Facts(raw.depth, raw.n_keys, raw.key_bytes, raw.max_abs_input, *costs)

    def save(self, path: Path) -> None:
        library.blindsight_client_save(text(path), self._handle)

    def rows(self, path: Path) -> np.ndarray:
        """The columns of a CSV file that the model names, NaN where a value is missing; for a
        model of images a PNG, idx or raw file of them."""
        handle = made("blindsight_rows", library.blindsight_rows_load, text(path),
                      library.blindsight_client_names(self._handle), None)
        raw = cast(handle.pointer, POINTER(Rows)).contents
        return np.ctypeslib.as_array(raw.value, (raw.n_rows, raw.n_features)).copy()

    def keygen(self) -> tuple[SecretKey, bytes]:
        """A secret key, and the evaluation keys that the server needs."""
        secret, keys, n_keys = Handle("ckks_secret_key"), c_void_p(), c_size_t()
        library.blindsight_client_keygen(byref(secret.pointer), byref(keys), byref(n_keys),
                                         self._handle)
        try:
            return SecretKey(secret, self), string_at(keys, n_keys.value)
        finally:
            library.ckks_bytes_free(keys)

    def encrypt(self, rows: ArrayLike, secret: SecretKey, packing: str = "auto") -> bytes:
        """Scales and encrypts rows, as they are, NaN where a value is missing."""
        array = self._table(rows)
        sample, n_sample = c_void_p(), c_size_t()
        library.blindsight_client_encrypt(byref(sample), byref(n_sample), None, doubles(array),
                                          len(array), self._packing(packing, len(array)),
                                          secret._handle, self._handle)
        try:
            return string_at(sample, n_sample.value)
        finally:
            library.ckks_bytes_free(sample)

    def decrypt(self, result: bytes | bytearray | memoryview, secret: SecretKey) -> Predictions:
        """For the owner of the key alone."""
        result = octets(result)
        return self._predictions(made("blindsight_predictions", library.blindsight_client_decrypt,
                                      result, len(result), secret._handle, self._handle))

    def _table(self, rows: ArrayLike) -> np.ndarray:
        array = np.ascontiguousarray(np.atleast_2d(np.asarray(rows, np.float64)))
        if array.ndim != 2 or array.shape[1] != len(self.features):
            raise ValueError(f"rows of {len(self.features)} values are needed, not an array of "
                             f"shape {array.shape}")
        return array

    def _packing(self, packing: str, n_rows: int) -> int:
        if packing == "auto":
            return library.blindsight_client_packing(self._handle, n_rows)
        if packing not in _PACKINGS:
            raise ValueError(f"packing = {packing!r}: must be auto, latency or throughput")
        return _PACKINGS[packing]

    def _predictions(self, handle: Handle) -> Predictions:
        raw = cast(handle.pointer, POINTER(RawPredictions)).contents
        outputs = np.ctypeslib.as_array(raw.output, (raw.n_rows, raw.n_outputs)).copy()
        indices = np.ctypeslib.as_array(raw.largest, (raw.n_rows,)).astype(np.intp)
        return Predictions(outputs, indices, [self.labels[i] if i >= 0 else None for i in indices])


class _RemoteClient(Client):
    """The client file that a :class:`Remote` fetched, which belongs to it."""

    def __init__(self, remote: Handle) -> None:
        self._remote = remote
        self._take(c_void_p(library.blindsight_remote_client(remote)))


class Remote:
    """A model on a service elsewhere, which sees neither rows nor predictions.

    >>> remote = Remote("https://models.example.org", key="alice.key")   # doctest: +SKIP
    >>> remote.predict(rows).labels                                      # doctest: +SKIP
    """

    def __init__(self, url: str, *, key: Path | None = None, model: str | None = None,
                 plan: str | None = None, token: str | None = None,
                 token_file: Path | None = None, cacert: Path | None = None,
                 cert: Path | None = None, cert_key: Path | None = None, plain: bool = False,
                 timeout_s: int = 60, patience_s: int = 120, parallel: int = 4,
                 jobs: str = "auto", progress: Progress | None = None) -> None:
        """Finds the model and fetches its client file. Without `token` and `token_file` the
        environment's BLINDSIGHT_TOKEN is used. `parallel` requests are in flight at a time;
        `jobs` ("auto", "never", "always") says which of them the server may answer later: by
        itself those of thousands of rows. `progress(stage, fraction)` stops what is going on by
        returning True."""
        self._progress = progress
        self._raised: BaseException | None = None
        self._callback = PROGRESS(self._show)
        options = RemoteOptions()
        library.blindsight_remote_options_default(byref(options), sizeof(options))
        for name, value in {"model": model, "plan": plan, "token": token,
                            "token_file": token_file, "cacert": cacert, "cert": cert,
                            "cert_key": cert_key}.items():
            setattr(options, name, text(value))
        options.plain, options.timeout_s, options.patience_s = plain, timeout_s, patience_s
        if jobs not in _JOBS:
            raise ValueError(f"jobs is {jobs!r}: must be one of {', '.join(_JOBS)}")
        options.parallel, options.jobs = parallel, _JOBS[jobs]
        if progress is not None:
            options.progress = self._callback
        self._handle = self._call(made, "blindsight_remote", library.blindsight_remote_build,
                                  text(url), byref(options))
        self.client: Client = _RemoteClient(self._handle)
        if key is not None:
            self.use_key(key)

    def use_key(self, path: Path) -> None:
        """Takes or makes the secret key in a file; the server gets its evaluation keys once."""
        self._call(library.blindsight_remote_use_key, self._handle, text(path))

    def predict(self, rows: ArrayLike, packing: str = "auto") -> Predictions:
        """Encrypts, sends, decrypts."""
        array = self.client._table(rows)
        return self.client._predictions(self._call(
            made, "blindsight_predictions", library.blindsight_remote_predict, doubles(array),
            len(array), self.client._packing(packing, len(array)), self._handle))

    def forget_keys(self) -> None:
        """Has the server shred the evaluation keys."""
        self._call(library.blindsight_remote_forget_keys, self._handle)

    def _show(self, context: Any, stage: bytes, fraction: float) -> int:
        try:
            return int(bool(self._progress and self._progress(stage.decode(), fraction)))
        except BaseException as raised:  # goes on behind the call into C
            self._raised = raised
            return 1

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self._raised = None
        try:
            return function(*arguments)
        except Exception:
            if self._raised is not None:
                raise self._raised from None
            raise


def predict(url: str, rows: ArrayLike, key: Path, **options: Any) -> Predictions:
    """One call for all of it; `options` are those of :class:`Remote`."""
    return Remote(url, key=key, **options).predict(rows)
