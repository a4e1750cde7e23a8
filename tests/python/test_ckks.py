# SPDX-License-Identifier: Apache-2.0
"""Encrypted vectors against NumPy."""

import os
import stat
import tempfile
import unittest

import numpy as np

import blindsight as bs

SIZE = 37


class VectorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.context = bs.Context(depth=3)
        rng = np.random.default_rng(1)
        cls.a, cls.b = rng.uniform(-2, 2, SIZE), rng.uniform(-2, 2, SIZE)
        cls.x, cls.y = cls.context.encrypt(cls.a), cls.context.encrypt(cls.b)

    def check(self, vector: bs.Vector, expected, error: float = 1e-5) -> None:
        if vector.level == 0:  # its scale is 2^32, for the sake of large values (ckks.h)
            error = max(error, 1e-3)
        expected = np.atleast_1d(expected)
        found = vector.decrypt()
        self.assertEqual(found.shape, expected.shape)
        self.assertEqual(len(vector), expected.size)
        self.assertLess(np.abs(found - expected).max(), error)

    def test_encryption_is_fresh_and_there_and_back(self) -> None:
        self.check(self.x, self.a, 1e-7)
        again = self.context.encrypt(self.a)
        self.assertNotEqual(again.serialize(), self.x.serialize())
        self.assertNotEqual(again.decrypt().tobytes(), self.a.tobytes())

    def test_sums(self) -> None:
        a, b, x, y = self.a, self.b, self.x, self.y
        self.check(x + y, a + b)
        self.check(x - y, a - b)
        self.check(-x, -a)
        self.check(x + b, a + b)
        self.check(b + x, a + b)
        self.check(x - b, a - b)
        self.check(b - x, b - a)
        self.check(x + 1.5, a + 1.5)
        self.check(1.5 - x, 1.5 - a)
        self.assertEqual((x + y).level, x.level)

    def test_products(self) -> None:
        a, b, x, y = self.a, self.b, self.x, self.y
        self.check(x * y, a * b)
        self.check(x * b, a * b)
        self.check(b * x, a * b)
        self.check(x * 0.5, a / 2)
        self.check(3 * x, 3 * a)
        self.check(x.square(), a ** 2)
        self.check(x ** 5, a ** 5, 1e-4)
        self.assertEqual((x * y).level, x.level - 1)
        self.assertEqual((3 * x).level, x.level)

    def test_powers_and_quotients(self) -> None:
        a, x = self.a, self.x
        self.check(x ** 0, np.ones(SIZE))
        self.assertEqual((x ** 0).level, x.level)
        self.check((x ** 0).sum(), SIZE)
        self.check(x ** np.int64(2), a ** 2)
        self.check(x / 2, a / 2)
        self.check(x / (self.b + 3), a / (self.b + 3))
        self.check(x.sum() / 4, a.sum() / 4)
        for wrong in (lambda: x ** 2.5, lambda: x ** 2.0, lambda: x.rotate(1.9), lambda: x / x,
                      lambda: 1 / x):
            with self.assertRaises(TypeError):
                wrong()
        with self.assertRaises(ZeroDivisionError):
            _ = x / 0
        with self.assertRaises(ValueError):
            _ = x ** -1

    def test_the_range_is_known(self) -> None:
        context = self.context
        self.assertGreaterEqual(context.max_value(), 65536)
        self.assertEqual(context.max_value(), min(map(context.max_value, range(4))))
        self.assertIn("values up to 65", repr(context))
        with self.assertRaises(ValueError):
            context.max_value(4)
        ones = [1.0, 1.0]
        big = context.encrypt([30000.0, -65000.0]) * ones * ones * ones
        self.assertEqual(big.level, 0)
        self.check(big, [30000.0, -65000.0], 1.0)
        with self.assertRaises(bs.Error) as caught:
            _ = big + 66000.0
        self.assertEqual(caught.exception.status, "range")
        self.assertIn("66000", str(caught.exception))

    def test_in_place_operators_make_new_vectors(self) -> None:
        before = z = self.context.encrypt(self.a)
        z += self.y
        z *= 2
        self.check(z, 2 * (self.a + self.b))
        self.check(before, self.a)

    def test_totals(self) -> None:
        a, b, x, y = self.a, self.b, self.x, self.y
        self.check(x.sum(), a.sum())
        self.check(x.dot(y), a @ b)
        self.check(x.dot(b), a @ b)
        self.check(x.sum() * y, a.sum() * b, 1e-4)
        self.check(y + x.sum(), b + a.sum())
        self.check(x.sum() + 1, a.sum() + 1)
        self.check(x.sum() * b, a.sum() * b, 1e-4)
        self.check(x.sum() + b, a.sum() + b)
        self.check(x.sum().sum(), a.sum())

    def test_nothing_beyond_the_length_counts(self) -> None:
        a, b = self.a, self.b
        p = self.x.polyval([1, 1])
        q = self.y.polyval([2, 1])
        self.check(p.dot(q), (1 + a) @ (2 + b))
        self.check(p.sum(), (1 + a).sum())
        self.check((self.x + 1).dot(self.y + 2), (1 + a) @ (2 + b))
        self.check((p + self.x).dot(q + 1), (1 + 2 * a) @ (3 + b))
        ones = self.x.rotate(0).sum() + np.zeros(SIZE)
        self.check((ones * self.y).sum(), a.sum() * b.sum(), 1e-3)

    def test_matrices(self) -> None:
        rng = np.random.default_rng(2)
        for columns in (1, 5, SIZE, 64):
            m = rng.uniform(-1, 1, (SIZE, columns))
            self.check(self.x @ m, self.a @ m)
        self.check(self.x.mm(m.tolist()), self.a @ m)
        self.check((self.x @ m).sum(), (self.a @ m).sum(), 1e-4)

    def test_polynomials(self) -> None:
        self.check(self.x.polyval([0.5, 0.197, 0, -0.004]),
                   0.5 + 0.197 * self.a - 0.004 * self.a ** 3)
        chebyshev = np.polynomial.Chebyshev([0.1, 0.2, 0.3, 0.4], domain=(-2, 2))
        deep = bs.Context(depth=4, log2_scale=36).encrypt(self.a)
        found = deep.polyval(chebyshev.coef, chebyshev=(-2, 2)).decrypt()
        self.assertLess(np.abs(found - chebyshev(self.a)).max(), 1e-4)

    def test_rotations(self) -> None:
        slots = np.zeros(self.context.slots)
        slots[:SIZE] = self.a
        for steps in (1, -3, 100):
            self.check(self.x.rotate(steps), np.roll(slots, -steps)[:SIZE])

    def test_complex_numbers(self) -> None:
        values = self.a + 1j * self.b
        z = self.context.encrypt(values)
        self.assertLess(np.abs(z.decrypt(dtype=np.complex128) - values).max(), 1e-7)
        found = z.conjugate().decrypt(dtype=np.complex128)
        self.assertLess(np.abs(found - values.conj()).max(), 1e-5)
        factor = self.b - 2j * self.a
        for computed, wanted in (
                (z + factor, values + factor), (z - factor, values - factor),
                (factor - z, factor - values), (z * factor, values * factor), (z * 1j, values * 1j),
                (z + 1j, values + 1j), (z / (1 + 1j), values / (1 + 1j)), (z - self.a, 1j * self.b)):
            found = computed.decrypt(dtype=np.complex128)
            self.assertLess(np.abs(found - wanted).max(), 1e-5)
        found = (z * z).decrypt(dtype=np.complex128)
        self.assertLess(np.abs(found - values ** 2).max(), 1e-5)

    def test_bytes_between_two_parties(self) -> None:
        cloud = bs.Context.deserialize(bytearray(self.context.params_bytes),
                                       memoryview(self.context.keys_bytes))
        self.assertFalse(cloud.is_private)
        v = cloud.deserialize_vector(bytearray(self.x.serialize()), SIZE)
        w = cloud.deserialize_vector(self.y.serialize(), SIZE)
        answer = (v * w).dot(v).serialize()
        self.check(self.context.deserialize_vector(answer, 1), (self.a * self.b) @ self.a, 1e-4)
        with self.assertRaises(bs.MissingKeyError) as caught:
            cloud.encrypt([1])
        self.assertEqual(caught.exception.status, "key")
        with self.assertRaises(bs.Error):
            v.decrypt()
        public = self.context.public().deserialize_vector(self.x.serialize(), SIZE)
        self.assertLess(np.abs(public.decrypt(self.context) - self.a).max(), 1e-5)

    def test_the_secret_in_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.key")
            self.context.save_secret(path)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            other = bs.Context.deserialize(self.context.params_bytes, self.context.keys_bytes,
                                           path)
            v = other.deserialize_vector(self.x.serialize(), SIZE)
            self.assertLess(np.abs(v.decrypt() - self.a).max(), 1e-7)
            with self.assertRaisesRegex(bs.Error, "none.key"):
                bs.Context.deserialize(self.context.params_bytes, self.context.keys_bytes,
                                       os.path.join(folder, "none.key"))

    def test_publication(self) -> None:
        context = bs.Context.from_moduli(13, [49, 40], [49], 40.0)
        v = context.encrypt([1.0, 2.0])
        found = v.decrypt_for_publication(1e-8, 100.0)
        self.assertGreater(np.abs(found - [1, 2]).max(), 1e-3)
        with self.assertRaises(bs.Error) as caught:
            v.decrypt_for_publication(1e-8, 1e-7)
        self.assertEqual(caught.exception.status, "range")

    def test_what_is_refused(self) -> None:
        x = self.x
        with self.assertRaises(bs.Error) as caught:
            _ = x ** 16
        self.assertEqual(caught.exception.status, "level")
        with self.assertRaises(bs.Error) as caught:
            bs.Context.from_moduli(12, [49, 40, 40], [49], 40.0)
        self.assertEqual(caught.exception.status, "security")
        self.assertIn("106", str(caught.exception))
        with self.assertRaises(bs.Error):
            self.context.encrypt([np.nan])
        with self.assertRaises(bs.Error):
            self.context.deserialize_vector(x.serialize()[:-1], SIZE)
        for wrong in (lambda: x + self.context.encrypt([1, 2]), lambda: x + [1, 2],
                      lambda: x * np.ones(SIZE + 1), lambda: x @ np.ones((SIZE + 1, 2)),
                      lambda: x @ np.ones(SIZE), lambda: x.dot([1]), lambda: x.polyval([]),
                      lambda: self.context.encrypt([]), lambda: self.context.encrypt([[1], [2]]),
                      lambda: x + bs.Context(1).encrypt(np.ones(SIZE)),
                      lambda: self.context.deserialize_vector(b"", 0),
                      lambda: bs.Context.from_moduli(13, [30] * 57, [30], 30.0)):
            with self.assertRaises(ValueError):
                wrong()
        with self.assertRaises(TypeError):
            x.decrypt(dtype=np.float32)

    def test_names(self) -> None:
        self.check(bs.ckks_vector(self.context, [1, 2]), [1, 2])
        self.assertIn("N = ", repr(self.context))
        self.assertIn(f"of {SIZE}, level 3", repr(self.x))
        self.assertRegex(bs.__version__, r"^\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main()
