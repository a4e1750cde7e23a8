# SPDX-License-Identifier: Apache-2.0
"""Private inference and arithmetic on encrypted vectors, by libblindsight.

``train``, ``import_onnx`` and ``import_trees`` make a :class:`Model`, ``compile`` a
:class:`Server`, ``serve`` a service of it; ``Client``, ``Remote`` and ``predict`` are the client's
side. ``Context`` and ``Vector`` are the CKKS scheme.
"""

from ._native import library
from .ckks import Context, Vector, ckks_vector
from .client import (Client, Cost, Facts, OutOfRangeWarning, Remote, SecretKey, Sorted, predict)
from .errors import (ArgumentError, CancelledError, EntropyError, Error, FormatError,
                     InputOutputError, LevelError, MismatchError, MissingKeyError,
                     OutOfMemoryError, RangeError, SecurityError)
from .model import Fit, Model, Training, import_onnx, import_trees, is_trees, train
from .server import Server, Session, Units, compile, infer
from .service import Service, serve
from .tables import Metrics, Outlier, Predictions, Table, TableWarning

__version__: str = library.ckks_version().decode()
__all__ = ["ArgumentError", "CancelledError", "Client", "Context", "Cost", "EntropyError", "Error",
           "Facts", "Fit", "FormatError", "InputOutputError", "LevelError", "Metrics",
           "MismatchError", "MissingKeyError", "Model", "OutOfMemoryError", "OutOfRangeWarning",
           "Outlier", "Predictions", "RangeError", "Remote", "SecretKey", "SecurityError", "Server",
           "Service", "Session", "Sorted", "Table", "TableWarning", "Training", "Units", "Vector",
           "ckks_vector", "compile", "import_onnx", "import_trees", "infer", "is_trees", "predict",
           "serve", "train"]
