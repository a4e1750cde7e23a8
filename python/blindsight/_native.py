# SPDX-License-Identifier: Apache-2.0
"""The shared library: where it is, what its functions take, how its errors become exceptions."""

from __future__ import annotations

import ctypes
import operator
import os
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int, c_size_t, c_uint, c_void_p
from pathlib import Path
from typing import Any, Callable

import numpy.typing as npt

from .errors import error_of

# The library whose functions and structures these are: what its SONAME carries while it is 0.x.
ABI = "0.1"
MAX_Q, MAX_P = 56, 8


class Literal(ctypes.Structure):
    """ckks_params_literal"""

    _fields_ = [
        ("log2_n", c_int), ("n_q", c_int), ("n_p", c_int),
        ("q_bits", c_int * MAX_Q), ("p_bits", c_int * MAX_P),
        ("q", ctypes.c_uint64 * MAX_Q), ("p", ctypes.c_uint64 * MAX_P),
        ("log2_scale", c_double), ("security", c_int),
    ]


class Polynomial(ctypes.Structure):
    """ckks_polynomial"""

    _fields_ = [
        ("coefficients", POINTER(c_double)), ("degree", c_int), ("basis", c_int),
        ("low", c_double), ("high", c_double),
    ]


class Names(ctypes.Structure):
    """blindsight_names"""

    _fields_ = [
        ("name", c_char_p), ("n_features", c_size_t), ("n_labels", c_size_t),
        ("feature", POINTER(c_char_p)), ("label", POINTER(c_char_p)), ("kind", c_int),
        ("end", c_char_p), ("complete", c_bool), ("encoding", c_void_p),
    ]


class Rows(ctypes.Structure):
    """blindsight_rows"""

    _fields_ = [
        ("n_rows", c_size_t), ("n_features", c_size_t),
        ("value", POINTER(c_double)), ("label", POINTER(c_int)),
        ("index", POINTER(c_size_t)), ("line", POINTER(c_size_t)),
        ("target", POINTER(c_double)), ("n_notes", c_size_t), ("note", POINTER(c_char_p)),
    ]


class RowsOptions(ctypes.Structure):
    """blindsight_rows_options"""

    _fields_ = [
        ("size", c_size_t), ("label", c_char_p), ("more", POINTER(c_char_p)),
        ("n_more", c_size_t),
    ]


class RawPredictions(ctypes.Structure):
    """blindsight_predictions"""

    _fields_ = [
        ("n_rows", c_size_t), ("n_outputs", c_size_t),
        ("output", POINTER(c_double)), ("largest", POINTER(c_size_t)),
        ("state", POINTER(c_int)), ("stage", POINTER(c_size_t)),
    ]


class RawMetrics(ctypes.Structure):
    """blindsight_metrics"""

    _fields_ = [
        ("n_rows", c_size_t), ("n_classes", c_size_t), ("loss", c_double), ("accuracy", c_double),
        ("f1", c_double), ("auc", c_double), ("confusion", POINTER(c_size_t)), ("n_roc", c_size_t),
        ("false_positive_rate", POINTER(c_double)), ("true_positive_rate", POINTER(c_double)),
        ("precision", POINTER(c_double)), ("recall", POINTER(c_double)),
        ("class_f1", POINTER(c_double)), ("rmse", c_double), ("mae", c_double), ("r2", c_double),
    ]


class RawProgress(ctypes.Structure):
    """blindsight_progress"""

    _fields_ = [
        ("epoch", c_int), ("n_epochs", c_int), ("train_loss", c_double),
        ("validation_loss", c_double), ("validation_accuracy", c_double),
    ]


ROUND = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(RawProgress))


class TrainOptions(ctypes.Structure):
    """blindsight_train_options"""

    _fields_ = [
        ("size", c_size_t), ("label", c_char_p), ("drop", POINTER(c_char_p)), ("n_drop", c_size_t),
        ("hidden", POINTER(c_size_t)), ("n_hidden", c_size_t), ("activation", POINTER(c_double)),
        ("degree", c_int), ("learning_rate", c_double), ("weight_decay", c_double),
        ("batch_size", c_int), ("n_epochs", c_int), ("training_part", c_double),
        ("split_seed", ctypes.c_uint32), ("seed", ctypes.c_uint64), ("progress", ROUND),
        ("context", c_void_p), ("learner", c_int), ("task", c_int), ("l2", c_double),
        ("n_trees", c_int), ("max_depth", c_int), ("min_rows", c_int), ("n_bins", c_size_t),
        ("shrinkage", c_double), ("row_part", c_double), ("feature_part", c_double),
        ("patience", c_int), ("exact_edges", c_bool), ("categories", POINTER(c_char_p)),
        ("n_categories", c_size_t),
    ]


class RawTraining(ctypes.Structure):
    """blindsight_training"""

    _fields_ = [
        ("n_rows", c_size_t), ("n_features", c_size_t), ("n_classes", c_size_t),
        ("n_ignored_columns", c_size_t), ("feature", POINTER(c_char_p)),
        ("label", POINTER(c_char_p)), ("n_missing", POINTER(c_size_t)), ("n_constant", c_size_t),
        ("constant", POINTER(c_size_t)), ("n_train", c_size_t), ("n_epochs", c_int),
        ("train_loss", POINTER(c_double)), ("validation_loss", POINTER(c_double)),
        ("validation_accuracy", POINTER(c_double)), ("validation", POINTER(Rows)),
        ("regression", c_bool), ("n_distinct", c_size_t), ("n_kept", c_size_t),
        ("n_leaves", c_size_t), ("n_bins", c_size_t), ("weight", POINTER(c_double)),
        ("ignored", POINTER(c_char_p)), ("n_notes", c_size_t), ("note", POINTER(c_char_p)),
    ]


class ImportOptions(ctypes.Structure):
    """blindsight_import_options"""

    _fields_ = [
        ("size", c_size_t), ("calibrate", c_char_p), ("label", c_char_p), ("output", c_char_p),
        ("input", c_int), ("mean", POINTER(c_double)), ("deviation", POINTER(c_double)),
        ("n_mean", c_size_t), ("n_deviation", c_size_t), ("outputs", c_int), ("error", c_double),
        ("output_error", c_double), ("max_degree", c_int), ("margin", c_double),
        ("minimax", c_bool), ("composite", c_int),
    ]


class RawFit(ctypes.Structure):
    """blindsight_fit"""

    _fields_ = [
        ("node", c_char_p), ("degree", c_int), ("exact", c_bool), ("each", c_bool),
        ("low", c_double), ("high", c_double), ("max_error", c_double), ("rms_error", c_double),
    ]


class RawImport(ctypes.Structure):
    """blindsight_import"""

    _fields_ = [
        ("n_activations", c_size_t), ("activation", POINTER(RawFit)), ("n_carried", c_size_t),
        ("n_rows", c_size_t), ("n_changed", c_size_t), ("difference", c_double),
    ]


class TreesOptions(ctypes.Structure):
    """blindsight_trees_options"""

    _fields_ = [
        ("size", c_size_t), ("calibrate", c_char_p), ("n_bins", c_size_t), ("exact", c_bool),
        ("seed", ctypes.c_uint64),
    ]


PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p, c_double)


class CompileOptions(ctypes.Structure):
    """blindsight_compile_options"""

    _fields_ = [
        ("size", c_size_t), ("error", c_double), ("security", c_int), ("log2_n", c_int),
        ("latency", c_bool), ("throughput", c_bool), ("last_on_server", c_bool),
        ("headroom", c_double), ("minimise", c_int), ("units", c_void_p),
        ("weights_bytes", c_size_t), ("bootstrap", c_int), ("progress", PROGRESS),
        ("progress_context", c_void_p),
    ]


class RawCompiled(ctypes.Structure):
    """blindsight_compiled"""

    _fields_ = [("error", c_double), ("usual_error", c_double), ("left_out", c_bool * 2)]


class RawOutlier(ctypes.Structure):
    """blindsight_outlier"""

    _fields_ = [
        ("feature", c_size_t), ("value", c_double), ("low", c_double), ("high", c_double),
    ]


class SortOptions(ctypes.Structure):
    """blindsight_sort_options"""

    _fields_ = [("size", c_size_t), ("packing", c_int), ("out_of_range", c_int)]


class RawSorted(ctypes.Structure):
    """blindsight_sorted"""

    _fields_ = [
        ("n_rows", c_size_t), ("n_features", c_size_t), ("packing", c_int),
        ("state", POINTER(c_int)), ("outlier", POINTER(RawOutlier)), ("n_sent", c_size_t),
        ("number", POINTER(c_size_t)), ("value", POINTER(c_double)), ("n_outside", c_size_t),
    ]


class Cost(ctypes.Structure):
    """blindsight_cost"""

    _fields_ = [
        ("available", c_bool), ("rows", c_size_t), ("upload_bytes", c_size_t),
        ("download_bytes", c_size_t), ("predicted_ms", c_double), ("predicted_error", c_double),
        ("n_switches", c_int), ("n_numbers", c_size_t), ("counted", c_size_t),
    ]


class RawFacts(ctypes.Structure):
    """blindsight_facts"""

    _fields_ = [
        ("depth", c_int), ("n_keys", c_size_t), ("key_bytes", c_size_t),
        ("max_abs_input", c_double), ("cost", Cost * 2), ("id", POINTER(ctypes.c_uint8)),
        ("last_degree", c_int), ("max_abs_output", c_double),
    ]


class RemoteOptions(ctypes.Structure):
    """blindsight_remote_options"""

    _fields_ = [
        ("size", c_size_t),
        ("model", c_char_p), ("plan", c_char_p), ("token", c_char_p), ("token_file", c_char_p),
        ("cacert", c_char_p), ("cert", c_char_p), ("cert_key", c_char_p), ("plain", c_bool),
        ("timeout_s", c_uint), ("patience_s", c_uint), ("parallel", c_uint), ("jobs", c_int),
        ("progress", PROGRESS), ("context", c_void_p), ("out_of_range", c_int),
    ]


def _find() -> str:
    """$BLINDSIGHT_LIBRARY, the wheel's own, a build of the sources around this file, or the
    system's."""
    given = os.environ.get("BLINDSIGHT_LIBRARY")
    if given:
        return given
    here = Path(__file__).resolve()
    for path in (here.parent / "lib" / f"libblindsight.so.{ABI}",
                 here.parents[2] / "build" / "release" / "libblindsight.so"):
        if path.exists():
            return str(path)
    return f"libblindsight.so.{ABI}"


def _load(path: str) -> ctypes.CDLL:
    """The library at `path`, if it is of the version that this package was written for."""
    loaded = ctypes.CDLL(path)
    loaded.ckks_version.restype = c_char_p
    version = loaded.ckks_version().decode()
    if not version.startswith(f"{ABI}."):
        raise ImportError(f"{path} is version {version}, this package is for {ABI}: "
                          "set BLINDSIGHT_LIBRARY to such a library, or install the package "
                          "that came with this one")
    return loaded


library = _load(_find())

# One letter an argument: p pointer, P pointer to pointer, s text, d double, D array of doubles,
# i int, I array of them, u unsigned, Q 64 bits, z size_t, Z pointer to size_t. Statuses come back unless said otherwise.
NO_NUMBER = "is no number that can be given here"


def _whole(kind: Any) -> Any:
    """An integer of C as an argument; ctypes alone would take any other modulo 2^32 or 2^64."""

    class Whole:
        """What ctypes asks for an argument."""

        @classmethod
        def from_param(cls, value: Any) -> Any:
            taken = kind(operator.index(value))
            if taken.value != value:
                raise error_of("argument", f"{value} {NO_NUMBER}")
            return taken

    return Whole


_KINDS: dict[str, Any] = {
    "p": c_void_p, "P": POINTER(c_void_p), "s": c_char_p, "d": c_double, "D": POINTER(c_double),
    "i": _whole(c_int), "u": _whole(c_uint), "z": _whole(c_size_t), "Z": POINTER(c_size_t),
    "I": POINTER(c_int), "Q": _whole(ctypes.c_uint64),
}


def assign(options: ctypes.Structure, **fields: Any) -> None:
    """Fields of a structure; a whole number that one does not hold is an error that names it."""
    for name, value in fields.items():
        setattr(options, name, value)
        if isinstance(value, int) and getattr(options, name) != value:
            raise error_of("argument", f"{name}: {value} {NO_NUMBER}")
_STATUS = {
    "params_build": "Pp", "params_build_depth": "Pii", "params_read": "Ppz", "params_write": "PZp",
    "plaintext_build": "Pp", "encode_real": "pDzidp", "encode_complex": "pDzidp",
    "decode_real": "Dzpp", "decode_complex": "Dzpp", "ciphertext_build": "Pp",
    "ciphertext_read": "Ppzp", "ciphertext_write": "PZpp", "secret_key_generate": "Pp",
    "secret_key_save": "spp", "secret_key_load": "Psp", "evaluation_keys_generate_all": "Ppp",
    "evaluation_keys_read": "Ppzp", "evaluation_keys_write": "PZpp", "encrypt": "pppp",
    "decrypt": "pppp", "decrypt_for_publication": "Dzpddpp", "evaluator_build": "Ppp",
    "add": "pppp", "sub": "pppp", "negate": "ppp", "add_real": "ppDzp", "mul_real": "ppDzp",
    "mul_constant": "ppdp", "mul": "pppp", "square": "ppp", "power": "ppup", "rotate": "ppip",
    "conjugate": "ppp", "polyval": "pppp", "sum": "ppzp", "dot": "pppzp", "dot_real": "ppDzp",
    "public_key_generate": "Ppp", "public_key_write": "PZpp", "public_key_read": "Ppzp",
    "encrypt_public": "pppp", "matmul": "ppDzzp", "sub_real": "ppDzp", "add_complex": "ppDzp", "sub_complex": "ppDzp",
    "mul_complex": "ppDzp",
}
_BLINDSIGHT_STATUS = {
    "client_load": "Ps", "client_save": "sp", "client_keygen": "PPZp",
    "client_encrypt": "PZZDzipp", "client_decrypt": "Ppzpp", "rows_load": "Pspp",
    "client_load_key": "Psp", "client_sort": "PDzpp", "predictions_spread": "ppz",
    "remote_build": "Psp", "remote_use_key": "ps", "remote_predict": "PDzip",
    "remote_forget_keys": "p", "model_train": "PPsp", "model_import": "PPsp",
    "model_import_trees": "Ppsp", "model_is_trees": "ps", "model_read_json": "Ppzs",
    "model_write_json": "Pp", "model_load": "Ps", "model_save": "sp", "model_set_name": "ps",
    "model_calibrate": "pDz", "model_predict": "PDzp", "metrics_compute": "PDIzp",
    "metrics_values": "PDDzp", "server_compile": "Ppp", "server_load": "Ps", "server_save": "sp",
    "server_simulate": "PDziQip", "session_build": "Pppzi", "session_infer": "PZpzp",
    "server_prepare": "pz", "session_save": "sp", "session_load": "Ppsi", "units_measure": "P",
    "units_load": "Ps", "units_save": "sp", "units_cache_path": "P",
}
_OTHER = {
    "ckks_version": ("", c_char_p), "ckks_last_error": ("", c_char_p),
    "ckks_status_name": ("i", c_char_p), "ckks_params_n": ("p", c_size_t),
    "ckks_params_max_level": ("p", c_int), "ckks_params_log2_qp": ("p", c_double),
    "ckks_params_log2_qp_limit": ("p", c_double), "ckks_params_hash": ("p", c_void_p),
    "ckks_params_max_value": ("pi", c_double),
    "ckks_ciphertext_level": ("p", c_int), "ckks_ciphertext_scale": ("p", c_double),
    "ckks_bytes_free": ("p", None), "blindsight_client_names": ("p", POINTER(Names)),
    "blindsight_client_facts": ("p", POINTER(RawFacts)), "blindsight_client_params": ("p", c_void_p),
    "blindsight_remote_client": ("p", c_void_p),
    "blindsight_client_packing": ("pz", c_int),
    "blindsight_rows_options_default": ("pz", None),
    "blindsight_remote_options_default": ("pz", None), "blindsight_rows_free": ("p", None),
    "blindsight_predictions_free": ("p", None), "blindsight_sorted_free": ("p", None),
    "blindsight_sort_options_default": ("pz", None), "blindsight_state_name": ("i", c_char_p),
    "blindsight_train_options_default": ("pz", None),
    "blindsight_import_options_default": ("pz", None),
    "blindsight_trees_options_default": ("pz", None),
    "blindsight_compile_options_default": ("pz", None),
    "blindsight_training_free": ("p", None), "blindsight_import_free": ("p", None),
    "blindsight_metrics_free": ("p", None), "blindsight_model_names": ("p", POINTER(Names)),
    "blindsight_server_client": ("p", c_void_p),
    "blindsight_server_compiled": ("p", POINTER(RawCompiled)), "blindsight_activation": ("Ds", c_int),
    "blindsight_names_categories": ("Zpz", POINTER(c_char_p)),
}
for _object in ("params", "plaintext", "ciphertext", "secret_key", "public_key", "evaluation_keys",
                "evaluator"):
    _OTHER[f"ckks_{_object}_free"] = ("p", None)
for _object in ("client", "remote", "model", "server", "session"):
    _OTHER[f"blindsight_{_object}_free"] = ("p", None)


def _check(status: int, function: Any, arguments: Any) -> int:
    if status != 0:
        name = library.ckks_status_name(status).decode()
        raise error_of(name, library.ckks_last_error().decode("utf-8", "replace"))
    return status


def _declare(name: str, arguments: str, result: Any, check: Any = None) -> None:
    function = getattr(library, name)
    function.argtypes = [_KINDS[kind] for kind in arguments]
    function.restype = result
    if check is not None:
        function.errcheck = check
    if set(arguments) & set("iuzQ"):
        setattr(library, name, _of_numbers(function))


def _of_numbers(function: Any) -> Any:
    """The same function; what is no number of C's is an error of ours, not of ctypes."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ctypes.ArgumentError as error:
            if NO_NUMBER in str(error):
                raise error_of("argument", str(error).rsplit(": ", 1)[1]) from None
            raise

    return call


for _name, _arguments in _STATUS.items():
    _declare(f"ckks_{_name}", _arguments, c_int, _check)
for _name, _arguments in _BLINDSIGHT_STATUS.items():
    _declare(f"blindsight_{_name}", _arguments, c_int, _check)
for _name, (_arguments, _result) in _OTHER.items():
    _declare(_name, _arguments, _result)


def refuse_copy(what: str) -> Any:
    """Says why an object does not travel."""
    raise TypeError(what)


class Handle:
    """An object of the library, freed with the last reference to it."""

    def __init__(self, kind: str) -> None:
        self._free = getattr(library, f"{kind}_free")
        self.pointer = c_void_p()

    def __del__(self) -> None:
        if getattr(self, "pointer", None):
            self._free(self.pointer)
            self.pointer = c_void_p()

    @property
    def _as_parameter_(self) -> c_void_p:
        return self.pointer

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Two owners of one object would free it twice."""
        return refuse_copy("an object of the library cannot be copied")


def made(kind: str, function: Callable[..., Any], *arguments: Any) -> Handle:
    """What a function that begins with an out pointer makes."""
    handle = Handle(kind)
    function(byref(handle.pointer), *arguments)
    return handle


def taken(function: Callable[..., Any], *arguments: Any) -> bytes:
    """The bytes that a function of the form (out, n_bytes, ...) makes."""
    out, n_bytes = c_void_p(), c_size_t()
    function(byref(out), byref(n_bytes), *arguments)
    try:
        return ctypes.string_at(out, n_bytes.value)
    finally:
        library.ckks_bytes_free(out)


def doubles(array: npt.NDArray[Any]) -> Any:
    """A pointer into an array of float64, or of complex128, which is contiguous."""
    return array.ctypes.data_as(POINTER(c_double))


def octets(data: bytes | bytearray | memoryview) -> bytes:
    """Bytes for C from whatever holds bytes."""
    return data if isinstance(data, bytes) else bytes(memoryview(data))


def text(path: str | os.PathLike[str] | None) -> bytes | None:
    """A path or a text for C; None stays None."""
    return None if path is None else os.fsencode(path)
