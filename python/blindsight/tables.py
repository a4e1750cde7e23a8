# SPDX-License-Identifier: Apache-2.0
"""Rows in, predictions out: what models, clients and servers share."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_size_t, cast, sizeof
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Sequence, TextIO, Union

import numpy as np
import numpy.typing as npt

from ._native import (Handle, Names, RawMetrics, RawPredictions, Rows, RowsOptions, doubles,
                      library, made, text)
from .errors import Error

if TYPE_CHECKING:
    import pandas  # type: ignore[import]

Path = Union[str, "os.PathLike[str]"]
Data = Union[Path, "pandas.DataFrame"]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Outlier:
    """A row that a model does not answer for, and the first feature that says so."""

    row: int
    state: str  # "refused", "clipped" or "outside"
    feature: str
    value: float  # NaN: it is missing, and the model needs it
    low: float
    high: float

    def __str__(self) -> str:
        found = ("is missing" if np.isnan(self.value) and self.state == "refused" else
                 f"is {self.value:g}; the model answers for {self.low:g} to {self.high:g}")
        return f"row {self.row} is {self.state}: {self.feature!r} {found}"


@dataclass(frozen=True)
class Predictions:
    """What a model says of rows: outputs, and the label of the largest one of each row.

    Where nothing is predicted (outputs that are values, or labels of which several may apply; an
    output that is NaN) the index is -1 and the label None.

    `states` says what became of each row: "inside", "clipped" (into the model's ranges), "outside"
    (of them, and sent alone: nothing is promised of its answer), "refused" (never sent), "beyond"
    (its answer left what the modulus holds), "spoilt" (by another row of its batch). The last
    three have NaN for outputs and no label. `out_of_range` are those that were not inside.
    """

    outputs: Floats
    indices: Places
    labels: list[str | None]
    states: list[str] = field(default_factory=list)
    out_of_range: list[Outlier] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of the outputs
    rows: Any = None  # the index of the DataFrame that was asked about, if it was one

    def __len__(self) -> int:
        return len(self.labels)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame: the label predicted (where there are labels), the state, each output; with
        the index of the DataFrame that was asked about."""
        import pandas
        columns: dict[str, Any] = {}
        if any(label is not None for label in self.labels):
            columns["predicted"] = self.labels
        columns["state"] = self.states
        for i, name in enumerate(self.names):
            columns[name if name not in columns else f"{name} (output)"] = self.outputs[:, i]
        return pandas.DataFrame(columns, index=self.rows)


@dataclass(frozen=True)
class Table:
    """Rows of a file or a DataFrame, for one model, and the truth about them if it was asked for."""

    values: Floats  # in the order of the model's features, NaN where one is missing
    indices: npt.NDArray[np.intc] | None  # of each row's true label
    targets: Floats | None  # true values, where the model's one output is a value
    lines: Places  # in which line of its file each row stands, from 1
    notes: list[str]  # what was taken for what


class TableWarning(UserWarning):
    """What was taken for what in rows: a text that the model has no category for, a separator. A
    :class:`Table` has it as `notes`."""


@dataclass(frozen=True)
class Metrics:
    """How good predictions are. What belongs to classes is None for values, and the other way."""

    loss: float  # mean cross-entropy, or mean squared error
    accuracy: float | None = None
    f1: float | None = None
    auc: float | None = None
    confusion: npt.NDArray[np.intp] | None = None  # [true][predicted]
    # False and true positive rates, from (0, 0) to (1, 1).
    roc: tuple[Floats, Floats] | None = field(default=None, repr=False)
    precision: Floats | None = None  # of each class
    recall: Floats | None = None
    class_f1: Floats | None = None
    rmse: float | None = None
    mae: float | None = None
    r2: float | None = None


def is_frame(data: Any) -> bool:
    """Whether it is a DataFrame, without asking for pandas."""
    return hasattr(data, "columns") and hasattr(data, "to_csv")


@contextmanager
def path_of(data: Any) -> Iterator[bytes]:
    """A path that the library can read: the path itself, or, of a DataFrame, that of a table in
    memory, never on a disk."""
    if not is_frame(data):
        if data is None:
            raise TypeError("data is None: must be a path or a DataFrame")
        yield os.fsencode(data)
        return
    with _in_memory("DataFrame", lambda file: data.to_csv(file, index=False)) as path:
        yield path


@contextmanager
def _in_memory(name: str, write: Callable[[TextIO], Any]) -> Iterator[bytes]:
    """The path of a file that is nowhere; errors call it by name."""
    descriptor = os.memfd_create("table", os.MFD_CLOEXEC)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        write(file)
        file.flush()
        path = f"/proc/self/fd/{descriptor}"
        try:
            yield path.encode()
        except Error as error:
            raise type(error)(error.status, str(error).replace(path, name)) from None


def _is_records(rows: Any) -> bool:
    """A record by name, a list of them, or a column by name."""
    return isinstance(rows, Mapping) or (
        isinstance(rows, (list, tuple)) and len(rows) > 0 and isinstance(rows[0], Mapping))


def _is_column(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes))


def _records(rows: Any, features: Sequence[str]) -> list[list[Any]]:
    """The values of features, row by row. A name that is not there is an error, since it may be
    misspelt; None says that a value is missing."""
    if isinstance(rows, Mapping) and any(_is_column(value) for value in rows.values()):
        lacking = [name for name in features if name not in rows]
        if lacking:
            raise ValueError(f"there is no column {lacking[0]!r}")
        columns = [rows[name] for name in features]
        for name, column in zip(features, columns):
            if not _is_column(column) or len(column) != len(columns[0]):
                raise ValueError(f"column {name!r}: must be as long as {features[0]!r}")
        return [list(row) for row in zip(*columns)]
    found = []
    for i, record in enumerate([rows] if isinstance(rows, Mapping) else rows):
        if not isinstance(record, Mapping):
            raise TypeError(f"row {i}: must be a record by name, as row 0 is")
        lacking = [name for name in features if name not in record]
        if lacking:
            raise ValueError(f"row {i}: there is no {lacking[0]!r}; None is a missing value")
        found.append([record[name] for name in features])
    return found


def _as_text(value: Any) -> str:
    """A value as a file has it."""
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else repr(float(value))


def numbers(array: Any, n: int) -> Floats:
    """A copy of n doubles behind a pointer; none behind NULL."""
    return np.ctypeslib.as_array(array, (n,)).copy() if n and array else np.zeros(0)


def texts(array: Any, n: int) -> list[str]:
    """n texts behind a pointer."""
    return [array[i].decode("utf-8", "replace") for i in range(n)]


def table_of(handle: Handle | Rows, n_features: int) -> Table:
    """What the library read."""
    raw = cast(handle.pointer, POINTER(Rows)).contents if isinstance(handle, Handle) else handle
    n = raw.n_rows
    values = numbers(raw.value, n * n_features).reshape(n, n_features)
    indices = np.ctypeslib.as_array(raw.label, (n,)).copy() if raw.label else None
    targets = numbers(raw.target, n) if raw.target else None
    lines = np.ctypeslib.as_array(raw.line, (n,)).astype(np.intp)
    return Table(values, indices, targets, lines, texts(raw.note, raw.n_notes))


def _said(table: Table) -> Floats:
    """The values of a table whose notes nobody else shows."""
    for note in table.notes:
        warnings.warn(note, TableWarning, stacklevel=4)
    return table.values


def state_name(state: int) -> str:
    """The word for a blindsight_state."""
    name: bytes = library.blindsight_state_name(state)
    return name.decode()


# In the order of blindsight_state.
STATES = [state_name(state) for state in range(6)]


class Named:
    """What has a model's names: it reads rows, and says how good predictions are."""

    name: str
    features: list[str]
    labels: list[str]
    complete: bool
    end: str

    def _names(self) -> Any:
        raise NotImplementedError

    def _take_names(self) -> None:
        names: Names = self._names().contents
        self.name = names.name.decode()
        self.features = texts(names.feature, names.n_features)
        self.labels = texts(names.label, names.n_labels)
        self.complete = bool(names.complete)
        self.end = names.end.decode()

    @property
    def categories(self) -> dict[str, list[str]]:
        """Of each feature that is one of several texts: these texts."""
        found = {}
        for i, feature in enumerate(self.features):
            n = c_size_t()
            array = library.blindsight_names_categories(byref(n), self._names(), i)
            if array:
                found[feature] = texts(array, n.value)
        return found

    def table(self, data: Data, label: str | None = None) -> Table:
        """The columns of a CSV file or a DataFrame that the model names, and, of the column
        `label`, the truth. For a model of images a PNG, idx or raw file of them."""
        options = RowsOptions()
        library.blindsight_rows_options_default(byref(options), sizeof(options))
        options.label = text(label)
        with path_of(data) as path:
            handle = made("blindsight_rows", library.blindsight_rows_load, path, self._names(),
                          byref(options))
        return table_of(handle, len(self.features))

    def rows(self, data: Data) -> Floats:
        """As :meth:`table`, the values alone: NaN where one is missing. Notes are warnings."""
        return _said(self.table(data))

    def measure(self, answer: Predictions, truth: Table) -> Metrics:
        """How good predictions of the rows of a table are: of classes, or of values."""
        if len(answer) != len(truth.values):
            raise ValueError(f"{len(answer)} predictions, and the truth about {len(truth.values)}")
        outputs = np.ascontiguousarray(answer.outputs)
        if truth.indices is not None:
            indices = np.ascontiguousarray(truth.indices, np.intc)
            handle = made("blindsight_metrics", library.blindsight_metrics_compute,
                          doubles(outputs), indices.ctypes.data_as(POINTER(c_int)), len(indices),
                          self._names())
        elif truth.targets is not None:
            handle = made("blindsight_metrics", library.blindsight_metrics_values,
                          doubles(outputs), doubles(truth.targets), len(truth.targets),
                          self._names())
        else:
            raise ValueError("the table has no labels: name their column")
        raw = cast(handle.pointer, POINTER(RawMetrics)).contents
        if truth.indices is None:
            return Metrics(raw.loss, rmse=raw.rmse, mae=raw.mae, r2=raw.r2)
        n = raw.n_classes
        confusion = np.ctypeslib.as_array(raw.confusion, (n, n)).astype(np.intp)
        roc = (numbers(raw.false_positive_rate, raw.n_roc),
               numbers(raw.true_positive_rate, raw.n_roc)) if raw.n_roc else None
        return Metrics(raw.loss, raw.accuracy, raw.f1, raw.auc, confusion, roc,
                       numbers(raw.precision, n), numbers(raw.recall, n),
                       numbers(raw.class_f1, n))

    def _values(self, rows: Any) -> Floats:
        """Rows as the library takes them. DataFrames, records by name (a dict, a list of them) and
        columns by name (a dict of lists) may have their names in any order, and others beside
        them; texts are what they are in a file."""
        if _is_records(rows):
            return self._named_values(_records(rows, self.features))
        if hasattr(rows, "to_frame") and not hasattr(rows, "columns"):  # a Series: one row
            rows = rows.to_frame().T
        if hasattr(rows, "columns"):
            lacking = [name for name in self.features if name not in rows.columns]
            if lacking:
                raise ValueError(f"there is no column {lacking[0]!r}"
                                 + (f", nor {len(lacking) - 1} others" if lacking[1:] else ""))
            if is_frame(rows) and len(rows) == 0:
                return np.zeros((0, len(self.features)))
            rows = rows[self.features]
            if is_frame(rows) and not all(_is_number(kind) for kind in rows.dtypes):
                return _said(self.table(rows))
            if is_frame(rows):
                rows = rows.to_numpy(np.float64, na_value=np.nan)
        array = np.ascontiguousarray(np.atleast_2d(np.asarray(rows, np.float64)))
        if array.ndim != 2 or array.shape[1] != len(self.features):
            raise ValueError(f"rows of {len(self.features)} values are needed, not an array of "
                             f"shape {array.shape}")
        return array

    def _named_values(self, records: list[list[Any]]) -> Floats:
        lines = [[_as_text(value) for value in record] for record in records]
        if not lines:
            return np.zeros((0, len(self.features)))
        with _in_memory("records", lambda file: csv.writer(file).writerows(
                [self.features, *lines])) as path:
            options = RowsOptions()
            library.blindsight_rows_options_default(byref(options), sizeof(options))
            values = _said(table_of(made("blindsight_rows", library.blindsight_rows_load, path,
                                   self._names(), byref(options)), len(self.features)))
        if len(values) != len(lines):
            raise ValueError(f"{len(lines)} records were given, {len(values)} rows read")
        return values

    def _predictions(self, handle: Handle, out_of_range: Sequence[Outlier] = (),
                     rows: Any = None) -> Predictions:
        raw = cast(handle.pointer, POINTER(RawPredictions)).contents
        outputs = numbers(raw.output, raw.n_rows * raw.n_outputs)
        indices = np.ctypeslib.as_array(raw.largest, (raw.n_rows,)).astype(np.intp)
        labels = [self.labels[i] if i >= 0 else None for i in indices]
        states = [STATES[raw.state[row]] for row in range(raw.n_rows)]
        return Predictions(outputs.reshape(raw.n_rows, raw.n_outputs), indices, labels, states,
                           list(out_of_range), self.labels, rows.index if is_frame(rows) else None)


def _is_number(kind: Any) -> bool:
    """Whether a column's type holds numbers, or truths."""
    return getattr(kind, "kind", "O") in "biuf"


def strings(values: Sequence[Optional[str]]) -> Any:
    """An array of texts for C."""
    return (c_char_p * max(1, len(values)))(*[text(value) for value in values])


def array_of(values: Any) -> tuple[Any, int]:
    """An array of doubles for C, and how many; None is NULL and 0."""
    if values is None:
        return None, 0
    flat = np.ravel(np.asarray(values, np.float64))
    return (c_double * max(1, len(flat)))(*flat), len(flat)
