# SPDX-License-Identifier: Apache-2.0
"""Vectors under CKKS: encrypt, compute, decrypt."""

from __future__ import annotations

import operator
import threading
from ctypes import byref
from typing import Any, Callable, Sequence, Union

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from ._native import (MAX_P, MAX_Q, Handle, Literal, Polynomial, doubles, library, made, octets,
                      refuse_copy, taken, text)
from .errors import MissingKeyError
from .interrupt import interruptible

Plain = Union[float, ArrayLike]
Bytes = Union[bytes, bytearray, memoryview]

# What takes so long that Ctrl-C must not wait for it: these, and all in rings of this size.
LONG = (library.ckks_matmul, library.ckks_polyval, library.ckks_power)
LARGE = 1 << 14


class Context:
    """Parameters, keys and room to compute.

    A context does not change: copies of it are itself. A public one may be pickled.

    ``Context(depth=3)`` chooses the smallest ring that is secure for three multiplications one
    after the other, and makes a secret key and evaluation keys. :meth:`public` is the same
    without the secret key, for whoever computes.

    Values up to 2^16 in magnitude have room wherever a computation ends, at level 0; a little
    more on the levels above (:meth:`max_value`). What grows beyond wraps around and decrypts to
    something else: nothing can see it while it is encrypted. Errors are about
    2^(12 - log2_scale), and at level 0, where log2_scale is above 31, 2^-20 (sums of all slots
    2^-14): for more precision ask for one level more than is used.
    """

    def __init__(self, depth: int = 3, log2_scale: int = 40) -> None:
        """`depth` multiplications one after the other, at a scale of 2^log2_scale."""
        params = made("ckks_params", library.ckks_params_build_depth, depth, log2_scale)
        self._complete(params, *self._generate(params))

    @classmethod
    def from_moduli(cls, log2_n: int, q_bits: Sequence[int], p_bits: Sequence[int],
                    log2_scale: float, security: int = 128) -> Context:
        """Every size by hand, the base first (from 50 bits on two primes); too little security is
        refused."""
        if len(q_bits) > MAX_Q or len(p_bits) > MAX_P:
            raise ValueError(f"at most {MAX_Q} chain and {MAX_P} special primes")
        literal = Literal(log2_n=log2_n, n_q=len(q_bits), n_p=len(p_bits), log2_scale=log2_scale,
                          security=security)
        literal.q_bits[:len(q_bits)] = list(q_bits)
        literal.p_bits[:len(p_bits)] = list(p_bits)
        params = made("ckks_params", library.ckks_params_build, byref(literal))
        context = cls.__new__(cls)
        context._complete(params, *cls._generate(params))
        return context

    @classmethod
    def deserialize(cls, params: Bytes, keys: Bytes, secret: str | None = None,
                    public_key: Bytes | None = None) -> Context:
        """What :attr:`params_bytes`, :attr:`keys_bytes` and :attr:`public_key_bytes` gave;
        `secret` is a file's path. Without the public and the secret key it computes, and encrypts
        nothing."""
        context = cls.__new__(cls)
        params, keys = octets(params), octets(keys)
        handle = made("ckks_params", library.ckks_params_read, params, len(params))
        secret_key = None if secret is None else made(
            "ckks_secret_key", library.ckks_secret_key_load, text(secret), handle)
        evaluation = made("ckks_evaluation_keys", library.ckks_evaluation_keys_read, keys,
                          len(keys), handle)
        public = None
        if public_key is not None:
            public_key = octets(public_key)
            public = made("ckks_public_key", library.ckks_public_key_read, public_key,
                          len(public_key), handle)
        context._complete(handle, secret_key, evaluation, public)
        return context

    @staticmethod
    def _generate(params: Handle) -> tuple[Handle, Handle, Handle]:
        def run() -> tuple[Handle, Handle, Handle]:
            secret = made("ckks_secret_key", library.ckks_secret_key_generate, params)
            return (secret, made("ckks_evaluation_keys",
                                 library.ckks_evaluation_keys_generate_all, secret, params),
                    made("ckks_public_key", library.ckks_public_key_generate, secret, params))

        return interruptible(run)

    def _complete(self, params: Handle, secret: Handle | None, keys: Handle,
                  public_key: Handle | None) -> None:
        self._params, self._secret, self._keys = params, secret, keys
        self._public_key = public_key
        self._public: Context | None = None
        self._evaluator = made("ckks_evaluator", library.ckks_evaluator_build, params, keys)
        # An evaluator works for one thread at a time.
        self._lock = threading.Lock()
        self.n: int = library.ckks_params_n(params)
        self.slots: int = self.n // 2
        self.max_level: int = library.ckks_params_max_level(params)

    def public(self) -> Context:
        """The same parameters, evaluation keys and public key without the secret key: it encrypts
        and computes, and decrypts nothing."""
        if self._public is None:
            self._public = Context.__new__(Context)
            self._public._complete(self._params, None, self._keys, self._public_key)
        return self._public

    @property
    def is_private(self) -> bool:
        """Whether the secret key is here."""
        return self._secret is not None

    def max_value(self, level: int = 0) -> float:
        """The largest magnitude of a value, its error included, that a vector at this level
        holds. The limit of level 0 is the least."""
        if not 0 <= level <= self.max_level:
            raise ValueError(f"level = {level}: must be 0 to {self.max_level}")
        return float(library.ckks_params_max_value(self._params, level))

    @property
    def params_bytes(self) -> bytes:
        """The parameters: for anybody."""
        return taken(library.ckks_params_write, self._params)

    @property
    def keys_bytes(self) -> bytes:
        """The evaluation keys: for whoever computes."""
        return taken(library.ckks_evaluation_keys_write, self._keys, self._params)

    @property
    def public_key_bytes(self) -> bytes:
        """The public key: for whoever encrypts for the owner of the secret one."""
        if self._public_key is None:
            raise MissingKeyError("key", "this context holds no public key")
        return taken(library.ckks_public_key_write, self._public_key, self._params)

    def save_secret(self, path: str) -> None:
        """Mode 0600. There is no other form in which a secret key leaves this object."""
        library.ckks_secret_key_save(text(path), self._need_secret(), self._params)

    def encrypt(self, values: ArrayLike) -> Vector:
        """A vector of up to :attr:`slots` real or complex numbers; the other slots are zero. A
        public context encrypts under the public key, with a little more noise, twice the bytes."""
        if self._secret is None and self._public_key is None:
            raise MissingKeyError("key", "this context holds neither a secret nor a public key")
        array = np.atleast_1d(np.asarray(values))
        is_complex = np.iscomplexobj(array)
        array = np.ascontiguousarray(array, np.complex128 if is_complex else np.float64)
        if array.ndim != 1 or array.size == 0:
            raise ValueError(f"a vector is needed, not an array of shape {array.shape}")
        encode = library.ckks_encode_complex if is_complex else library.ckks_encode_real
        plaintext = made("ckks_plaintext", library.ckks_plaintext_build, self._params)
        encode(plaintext, doubles(array), array.size, self.max_level, 0.0, self._params)
        out = Vector(self, array.size)
        if self._secret is not None:
            library.ckks_encrypt(out._handle, plaintext, self._secret, self._params)
        else:
            library.ckks_encrypt_public(out._handle, plaintext, self._public_key, self._params)
        return out

    def deserialize_vector(self, data: Bytes, size: int) -> Vector:
        """What :meth:`Vector.serialize` gave. How long it is, bytes do not tell."""
        data = octets(data)
        if not 1 <= size <= self.slots:
            raise ValueError(f"size = {size}: must be 1 to {self.slots}")
        handle = made("ckks_ciphertext", library.ckks_ciphertext_read, data, len(data),
                      self._params)
        return Vector(self, size, handle, clean=False)

    def _need_secret(self) -> Handle:
        if self._secret is None:
            raise MissingKeyError("key", "this context holds no secret key")
        return self._secret

    def _evaluate(self, function: Callable[..., Any], *arguments: Any) -> None:
        with self._lock:
            function(*arguments, self._evaluator)

    def __copy__(self) -> Context:
        return self

    def __deepcopy__(self, memo: Any) -> Context:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self._secret is not None:
            return refuse_copy("a context with a secret key is not pickled: pickle its public(), "
                               "and save_secret() to a file")
        public = None if self._public_key is None else self.public_key_bytes
        return Context.deserialize, (self.params_bytes, self.keys_bytes, None, public)

    def __repr__(self) -> str:
        kind = "private" if self.is_private else "public"
        return (f"<{kind} Context: N = {self.n}, {self.max_level} levels, "
                f"values up to {self.max_value():.6g}>")


class Vector:
    """An encrypted vector. Operators make new ones; plain numbers and arrays may stand on
    either side. A product costs one level, a sum none."""

    __array_ufunc__ = None  # numpy leaves array * vector to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, context: Context, size: int, handle: Handle | None = None,
                 clean: bool = True, everywhere: bool = False) -> None:
        self.context = context
        self.size = size
        self._handle = handle or made("ckks_ciphertext", library.ckks_ciphertext_build,
                                      context._params)
        self._clean = clean  # beyond `size` all slots are zero
        self._everywhere = everywhere  # one value, in all slots

    def __len__(self) -> int:
        return self.size

    def __copy__(self) -> Vector:
        """Nothing changes a vector: itself."""
        return self

    def __deepcopy__(self, memo: Any) -> Vector:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Travels with its public context: decrypt(context) where the private one is."""
        return _vector_of, (self.context.public(), self.size, self.serialize(), self._clean,
                            self._everywhere)

    def __repr__(self) -> str:
        return f"<encrypted Vector of {self.size}, level {self.level}>"

    @property
    def level(self) -> int:
        """Multiplications that are left."""
        return int(library.ckks_ciphertext_level(self._handle))

    def serialize(self) -> bytes:
        """Its bytes; :meth:`Context.deserialize_vector` takes them."""
        return taken(library.ckks_ciphertext_write, self._handle, self.context._params)

    # --- decryption

    def decrypt(self, context: Context | None = None,
                dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """For the owner of the key alone; see :meth:`decrypt_for_publication`. `context` is the
        private one where this vector's own is public. dtype float64 or complex128."""
        context = context or self.context
        secret = context._need_secret()
        plaintext = made("ckks_plaintext", library.ckks_plaintext_build, context._params)
        library.ckks_decrypt(plaintext, self._handle, secret, context._params)
        values: npt.NDArray[Any] = np.empty(self.size, np.dtype(dtype))
        if values.dtype == np.complex128:
            decode = library.ckks_decode_complex
        elif values.dtype == np.float64:
            decode = library.ckks_decode_real
        else:
            raise TypeError(f"dtype = {values.dtype}: must be float64 or complex128")
        decode(doubles(values), self.size, plaintext, context._params)
        return values

    def decrypt_for_publication(self, noise: float, error: float) -> npt.NDArray[np.float64]:
        """Values that others may see: flooded with noise of about `error`; `noise` bounds that of
        the ciphertext."""
        values = np.empty(self.size)
        library.ckks_decrypt_for_publication(doubles(values), self.size, self._handle, noise,
                                             error, self.context._need_secret(),
                                             self.context._params)
        return values

    # --- arithmetic

    def __add__(self, other: Vector | Plain) -> Vector:
        return self._binary(other, library.ckks_add, (library.ckks_add_real,
                                                      library.ckks_add_complex), is_sum=True)

    __radd__ = __add__

    def __sub__(self, other: Vector | Plain) -> Vector:
        return self._binary(other, library.ckks_sub, (library.ckks_sub_real,
                                                      library.ckks_sub_complex), is_sum=True)

    def __rsub__(self, other: Plain) -> Vector:
        return -self + other

    def __mul__(self, other: Vector | Plain) -> Vector:
        if not isinstance(other, Vector) and np.ndim(other) == 0 and np.isrealobj(other):
            return self._unary(library.ckks_mul_constant, float(other))  # type: ignore[arg-type]
        return self._binary(other, library.ckks_mul, (library.ckks_mul_real,
                                                      library.ckks_mul_complex), is_sum=False)

    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return self._unary(library.ckks_negate)

    def __truediv__(self, other: Plain) -> Vector:
        if isinstance(other, Vector):
            return NotImplemented
        divisor = _numbers(other)
        if not np.all(divisor):
            raise ZeroDivisionError("division of an encrypted vector by zero")
        return self * (1 / divisor)

    def __pow__(self, exponent: int) -> Vector:
        exponent = operator.index(exponent)
        if exponent < 0:
            raise ValueError(f"exponent = {exponent}: must be 0 or more")
        return self._unary(library.ckks_power, exponent) if exponent > 0 else self * 0 + 1

    def square(self) -> Vector:
        """v * v, for a little less."""
        return self._unary(library.ckks_square)

    def conjugate(self) -> Vector:
        """The conjugates of complex values."""
        return self._unary(library.ckks_conjugate)

    def rotate(self, steps: int) -> Vector:
        """Slot j becomes slot j + steps of all :attr:`Context.slots`, cyclic."""
        out = self._unary(library.ckks_rotate, operator.index(steps))
        out._clean = self._clean and self.size == self.context.slots
        return out

    def polyval(self, coefficients: ArrayLike, chebyshev: tuple[float, float] | None = None
                ) -> Vector:
        """The polynomial with these coefficients, the lowest first; in Chebyshev polynomials on
        an interval when one is given."""
        array = np.ascontiguousarray(coefficients, np.float64)
        if array.ndim != 1 or array.size == 0:
            raise ValueError("coefficients are a vector, the lowest first")
        low, high = chebyshev if chebyshev is not None else (0.0, 0.0)
        polynomial = Polynomial(doubles(array), array.size - 1, int(chebyshev is not None), low,
                                high)
        out = self._unary(library.ckks_polyval, byref(polynomial))
        # p(0) need not be zero.
        out._clean = self._clean and chebyshev is None and array[0] == 0
        return out

    def sum(self) -> Vector:
        """A vector of one: the sum of all."""
        if self._everywhere:
            return self
        return self._total(library.ckks_sum, self.size)

    def dot(self, other: Vector | ArrayLike) -> Vector:
        """A vector of one, one level below; two levels when both may have values beyond their
        lengths (after rotate, polyval with a constant, deserialize_vector)."""
        if not isinstance(other, Vector):
            array = self._plain(np.asarray(other, np.float64))
            return self._total(library.ckks_dot_real, doubles(array), self.size)
        self._same_size(other)
        if not (self._clean or other._clean):
            return (self * other).sum()
        return self._total(library.ckks_dot, other._handle, self.size)

    def matmul(self, matrix: ArrayLike) -> Vector:
        """vector @ matrix, a plain one of ``len(self)`` rows."""
        array = np.ascontiguousarray(matrix, np.float64)
        if array.ndim != 2 or array.shape[0] != self.size:
            raise ValueError(f"a matrix of {self.size} rows is needed, not {array.shape}")
        rows, columns = array.shape
        out = self._unary(library.ckks_matmul, doubles(array), rows, columns)
        out.size, out._clean, out._everywhere = columns, True, False
        return out

    mm = matmul
    __matmul__ = matmul

    # --- how

    def _unary(self, function: Callable[..., Any], *arguments: Any) -> Vector:
        out = Vector(self.context, self.size, None, self._clean, self._everywhere)
        evaluate = self.context._evaluate
        if self.context.n < LARGE and function not in LONG:
            evaluate(function, out._handle, self._handle, *arguments)
        else:
            interruptible(evaluate, function, out._handle, self._handle, *arguments)
        return out

    def _total(self, function: Callable[..., Any], *arguments: Any) -> Vector:
        out = self._unary(function, *arguments)
        out.size, out._clean, out._everywhere = 1, False, True
        return out

    def _same_size(self, other: Vector) -> int:
        if other.context._params is not self.context._params:
            raise ValueError("vectors of two contexts")
        if self.size != other.size and not (self._everywhere or other._everywhere):
            raise ValueError(f"vectors of {self.size} and of {other.size}")
        return max(self.size, other.size)

    def _plain(self, values: Plain) -> npt.NDArray[Any]:
        array = _numbers(values)
        if array.ndim == 0:
            array = np.full(self.size, array)
        if array.shape != (self.size,):
            raise ValueError(f"a vector of {self.size}, and an array of shape {array.shape}")
        return np.ascontiguousarray(array)

    def _binary(self, other: Vector | Plain, with_vector: Any, with_plain: Any,
                is_sum: bool) -> Vector:
        if not isinstance(other, Vector):
            array = self._spread(_numbers(other))
            single = self._everywhere and np.size(other) == 1
            out = self._unary(with_plain[int(np.iscomplexobj(array))], doubles(array), array.size)
            out.size = 1 if single else array.size
            out._everywhere = single
            out._clean = not single and (self._clean or not is_sum)
            return out
        size = self._same_size(other)
        out = self._unary(with_vector, other._handle)
        out.size = size
        out._clean = self._clean and other._clean if is_sum else self._clean or other._clean
        out._everywhere = self._everywhere and other._everywhere
        return out

    def _spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Plain values in the slots that matter: one value that stands in all slots is met by as
        many as there are."""
        if self._everywhere and values.size == 1:
            return np.full(self.context.slots, values.reshape(-1)[0])
        if self._everywhere and values.ndim == 1 and values.size <= self.context.slots:
            return np.ascontiguousarray(values)
        return self._plain(values)


def _numbers(values: Plain) -> npt.NDArray[Any]:
    """float64, or complex128 where there are complex numbers."""
    return np.asarray(values, np.complex128 if np.iscomplexobj(values) else np.float64)


def _vector_of(context: Context, size: int, data: bytes, clean: bool, everywhere: bool) -> Vector:
    """What :meth:`Vector.__reduce_ex__` wrote."""
    handle = made("ckks_ciphertext", library.ckks_ciphertext_read, data, len(data),
                  context._params)
    return Vector(context, size, handle, clean, everywhere)


def ckks_vector(context: Context, values: ArrayLike) -> Vector:
    """``context.encrypt(values)``, under the name that TenSEAL gives it."""
    return context.encrypt(values)
