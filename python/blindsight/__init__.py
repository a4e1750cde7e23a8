# SPDX-License-Identifier: Apache-2.0
"""Private inference and arithmetic on encrypted vectors, by libblindsight.

``Context`` and ``Vector`` are the CKKS scheme; ``Client``, ``Remote`` and ``predict`` the
client's side of compiled models.
"""

from ._native import Error, library
from .ckks import Context, Vector, ckks_vector
from .client import (Client, Cost, Facts, Outlier, OutOfRangeWarning, Predictions, Remote,
                     SecretKey, Sorted, predict)

__version__: str = library.ckks_version().decode()
__all__ = ["Client", "Context", "Cost", "Error", "Facts", "OutOfRangeWarning", "Outlier",
           "Predictions", "Remote", "SecretKey", "Sorted", "Vector", "ckks_vector", "predict"]
