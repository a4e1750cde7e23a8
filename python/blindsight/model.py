# SPDX-License-Identifier: Apache-2.0
"""The model owner's side: train or import a model, look at it in clear, compile it."""

from __future__ import annotations

import threading
from ctypes import POINTER, byref, c_bool, c_double, c_size_t, c_void_p, cast, sizeof, \
    string_at
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Union

from numpy.typing import ArrayLike

from ._native import (ROUND, Handle, ImportOptions, RawImport, RawTraining, TrainOptions,
                      TreesOptions, assign, doubles, library, made, refuse_copy, text)
from .interrupt import interruptible
from .tables import (Data, Floats, Metrics, Named, Path, Predictions, Table, array_of, numbers,
                     path_of, strings, table_of, texts)

if TYPE_CHECKING:
    from .server import Server

Progress = Callable[[float, str], Optional[bool]]

_LEARNERS = {"network": 0, "linear": 1, "trees": 2}
_TASKS = {"auto": 0, "classes": 1, "regression": 2}
_INPUTS = {"auto": 0, "table": 1, "image": 2}
_OUTPUTS = {"auto": -1, "classes": 0, "values": 1, "labels": 2}
_COMPOSITES = {"auto": 0, "never": 1, "always": 2}


@dataclass(frozen=True)
class Training:
    """What training found and did."""

    n_rows: int
    n_train: int
    regression: bool
    train_loss: Floats  # after each round
    validation_loss: Floats
    validation_accuracy: Floats  # R2 where the label is a quantity
    validation: Table  # the rows that were kept back, with the truth about them
    ignored: list[str]  # columns that are no features
    missing: dict[str, int]  # features that lack values, and how many
    weights: dict[str, float]  # of trees: each feature's part of what splits gain
    notes: list[str]  # what was taken for what in the table


@dataclass(frozen=True)
class Fit:
    """What became of an activation of an imported network."""

    node: str
    degree: int
    exact: bool
    low: float
    high: float
    max_error: float


class Model(Named):
    """A model in clear: weights, scaler, names. Its owner's secret."""

    training: Training | None = None  # of one that was trained just now
    fits: Sequence[Fit] = ()  # of one that was imported just now

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._take_names()

    def _names(self) -> Any:
        return library.blindsight_model_names(self._handle)

    @classmethod
    def load(cls, path: Path) -> Model:
        """A file of :meth:`save`, or of the commands."""
        return cls(made("blindsight_model", library.blindsight_model_load, text(path)))

    @classmethod
    def from_json(cls, source: str) -> Model:
        """Weights trained elsewhere, as docs/model-json.md has them."""
        data = source.encode()
        return cls(made("blindsight_model", library.blindsight_model_read_json, data, len(data),
                        b"JSON"))

    def to_json(self) -> str:
        """The other way."""
        out = c_void_p()
        library.blindsight_model_write_json(byref(out), self._handle)
        try:
            return string_at(out).decode()
        finally:
            library.ckks_bytes_free(out)

    def save(self, path: Path) -> None:
        """Mode 0600."""
        library.blindsight_model_save(text(path), self._handle)

    def rename(self, name: str) -> None:
        """The name under which it is served."""
        library.blindsight_model_set_name(self._handle, name.encode())
        self._take_names()

    def predict(self, rows: ArrayLike | Any) -> Predictions:
        """In clear."""
        values = self._values(rows)
        handle = interruptible(made, "blindsight_predictions", library.blindsight_model_predict,
                               doubles(values), len(values), self._handle)
        return self._predictions(handle, (), rows)

    def evaluate(self, data: Data, label: str) -> Metrics:
        """How good it is, in clear, on a table whose column `label` has the truth."""
        truth = self.table(data, label)
        return self.measure(self.predict(truth.values), truth)

    def calibrate(self, rows: ArrayLike | Any) -> None:
        """Takes from rows like those to come how large values get."""
        values = self._values(rows)
        library.blindsight_model_calibrate(self._handle, doubles(values), len(values))

    def compile(self, **options: Any) -> Server:
        """:func:`compile` of this model."""
        from .server import compile as compile_model
        return compile_model(self, **options)

    def __copy__(self) -> Any:
        return refuse_model()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return refuse_model()

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: {len(self.features)} features, {len(self.labels)} outputs>"


def refuse_model() -> Any:
    """Why a model does not travel by itself."""
    return refuse_copy("a model in clear is its owner's secret, and is not copied or pickled: "
                       "save() writes it with mode 0600, to_json() as text")


def _choice(name: str, value: str, known: dict[str, int]) -> int:
    if value not in known:
        raise ValueError(f"{name} = {value!r}: must be one of {', '.join(known)}")
    return known[value]


def _activation(given: Union[str, ArrayLike]) -> tuple[Any, int]:
    if not isinstance(given, str):
        array, n = array_of(given)
        return array, n - 1
    array = (c_double * 32)()
    degree = library.blindsight_activation(array, given.encode())
    if degree == 0:
        raise ValueError(f"activation = {given!r}: must be sigmoid3, square, identity or "
                         "coefficients, the lowest first")
    return array, degree


def _training(handle: Handle) -> Training:
    raw = cast(handle.pointer, POINTER(RawTraining)).contents
    features = texts(raw.feature, raw.n_features)
    missing = {name: int(raw.n_missing[i]) for i, name in enumerate(features) if raw.n_missing[i]}
    weights = {name: float(raw.weight[i]) for i, name in enumerate(features)} if raw.weight else {}
    return Training(
        raw.n_rows, raw.n_train, bool(raw.regression), numbers(raw.train_loss, raw.n_epochs),
        numbers(raw.validation_loss, raw.n_epochs), numbers(raw.validation_accuracy, raw.n_epochs),
        table_of(raw.validation.contents, raw.n_features),
        texts(raw.ignored, raw.n_ignored_columns), missing, weights, texts(raw.note, raw.n_notes))


def train(data: Data, label: str, *, model: str = "network", task: str = "auto",
          drop: Sequence[str] = (), categories: Sequence[str] = (), hidden: Sequence[int] | None = None,
          activation: Union[str, ArrayLike] = "sigmoid3", epochs: int = 250, batch: int = 64,
          rate: float | None = None, decay: float = 1e-5, l2: float = 1.0, trees: int = 100,
          depth: int = 4, min_rows: int = 20, bins: int = 255, sample_rows: float = 1.0,
          sample_columns: float = 1.0, patience: int = 0, exact_edges: bool = False,
          seed: int = 15, split_seed: int = 42, frac: float = 0.8, name: str | None = None,
          progress: Progress | None = None) -> Model:
    """Trains a model on a CSV file or a DataFrame, whose column `label` is to be predicted.

    `model` is "network" (polynomial activations), "linear" or "trees"; the other options are those
    of ``blindsight train``, with its defaults. ``.training`` of what comes back says what was
    found; its `validation` are the rows that were kept back. `progress(fraction, text)` is called
    after each round, and stops the training by returning True.
    """
    options = TrainOptions()
    library.blindsight_train_options_default(byref(options), sizeof(options))
    options.label = text(label)
    columns = [drop] if isinstance(drop, str) else list(drop)
    options.drop, options.n_drop = strings(columns), len(columns)
    coded = [categories] if isinstance(categories, str) else list(categories)
    options.categories, options.n_categories = strings(coded), len(coded)
    if hidden is not None:
        if any(width < 1 for width in hidden):
            raise ValueError(f"hidden = {list(hidden)}: widths are 1 or more")
        options.hidden = (c_size_t * max(1, len(hidden)))(*hidden)
        options.n_hidden = len(hidden)
    options.activation, options.degree = _activation(activation)
    options.learner = _choice("model", model, _LEARNERS)
    options.task = _choice("task", task, _TASKS)
    if rate is not None and model == "trees":
        options.shrinkage = rate
    elif rate is not None:
        options.learning_rate = rate
    assign(options, n_epochs=epochs, batch_size=batch, weight_decay=decay, l2=l2, n_trees=trees,
           max_depth=depth, min_rows=min_rows, n_bins=bins, row_part=sample_rows,
           feature_part=sample_columns, patience=patience, exact_edges=exact_edges, seed=seed,
           split_seed=split_seed, training_part=frac)

    stopped = threading.Event()
    raised: list[BaseException] = []

    def show(context: Any, state: Any) -> int:
        now = state.contents
        try:
            stop = progress is not None and progress(
                now.epoch / now.n_epochs, f"loss {now.train_loss:.4g}, "
                f"validation {now.validation_loss:.4g}")
        except BaseException as error:  # goes on behind the call into C
            raised.append(error)
            return 1
        return int(stopped.is_set() or bool(stop))

    options.progress = ROUND(show)
    done = Handle("blindsight_training")
    with path_of(data) as path:
        try:
            handle = interruptible(made, "blindsight_model", library.blindsight_model_train,
                                   byref(done.pointer), path, byref(options))
        except BaseException:
            stopped.set()
            if raised:
                raise raised[0] from None
            raise
    trained = Model(handle)
    trained.training = _training(done)
    if name is not None:
        trained.rename(name)
    return trained


def import_onnx(path: Path, *, calibrate: Data | None = None, label: str | None = None,
                output_name: str | None = None, input: str = "auto",
                mean: ArrayLike | None = None, deviation: ArrayLike | None = None,
                outputs: str = "auto", activation_error: float = 0.0, output_error: float = 0.01,
                max_degree: int = 0, margin: float = 0.25, minimax: bool = False,
                composite: str = "auto", name: str | None = None) -> Model:
    """A network in ONNX (docs/onnx.md). Activations that are no polynomials are fitted to the rows
    of `calibrate`, whose column `label` is no input; ``.fits`` says what became of them."""
    options = ImportOptions()
    library.blindsight_import_options_default(byref(options), sizeof(options))
    options.label, options.output = text(label), text(output_name)
    options.input = _choice("input", input, _INPUTS)
    options.outputs = _choice("outputs", outputs, _OUTPUTS)
    options.mean, options.n_mean = array_of(mean)
    options.deviation, options.n_deviation = array_of(deviation)
    assign(options, error=activation_error, output_error=output_error, max_degree=max_degree,
           margin=margin, minimax=minimax)
    options.composite = _choice("composite", composite, _COMPOSITES)
    report = Handle("blindsight_import")
    function = library.blindsight_model_import
    if calibrate is None:
        handle = interruptible(made, "blindsight_model", function, byref(report.pointer),
                               text(path), byref(options))
    else:
        with path_of(calibrate) as rows:
            options.calibrate = rows
            handle = interruptible(made, "blindsight_model", function, byref(report.pointer),
                                   text(path), byref(options))
    raw = cast(report.pointer, POINTER(RawImport)).contents
    imported = Model(handle)
    imported.fits = [Fit(fit.node.decode("utf-8", "replace"), fit.degree, bool(fit.exact), fit.low,
                         fit.high, fit.max_error)
                     for fit in (raw.activation[i] for i in range(raw.n_activations))]
    if name is not None:
        imported.rename(name)
    return imported


def import_trees(path: Path, *, calibrate: Data | None = None, bins: int = 0, exact: bool = False,
                 seed: int = 1, name: str | None = None) -> Model:
    """An ensemble of XGBoost, LightGBM, CatBoost or ONNX, or of ``blindsight.trees``
    (docs/trees.md)."""
    options = TreesOptions()
    library.blindsight_trees_options_default(byref(options), sizeof(options))
    assign(options, n_bins=bins, exact=exact, seed=seed)
    function = library.blindsight_model_import_trees
    if calibrate is None:
        handle = interruptible(made, "blindsight_model", function, None, text(path),
                               byref(options))
    else:
        with path_of(calibrate) as rows:
            options.calibrate = rows
            handle = interruptible(made, "blindsight_model", function, None, text(path),
                                   byref(options))
    imported = Model(handle)
    if name is not None:
        imported.rename(name)
    return imported


def is_trees(path: Path) -> bool:
    """Whether a file looks like an ensemble of trees, which :func:`import_trees` takes."""
    found = c_bool()
    library.blindsight_model_is_trees(byref(found), text(path))
    return found.value
