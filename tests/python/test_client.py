# SPDX-License-Identifier: Apache-2.0
"""The client of compiled models: against the programs, and against a real service ($URL)."""

import csv
import os
import stat
import subprocess
import unittest

import numpy as np

import blindsight as bs


def clear() -> tuple[list, np.ndarray]:
    """What `blindsight evaluate` said of validation.csv."""
    with open("clear.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))[1:]
    return [line[1] for line in lines], np.array([line[2:] for line in lines], float)


def error(found: np.ndarray, expected: np.ndarray) -> float:
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.client = bs.Client("wdbc.client")
        cls.secret, cls.keys = cls.client.keygen()
        cls.rows = cls.client.rows("validation.csv")
        cls.labels, cls.outputs = clear()
        with open("p.keys", "wb") as file:
            file.write(cls.keys)

    def infer(self, sample: bytes) -> bytes:
        with open("p.sample", "wb") as file:
            file.write(sample)
        subprocess.run(["blindsight-infer", "wdbc.server", "p.sample", "--keys", "p.keys",
                        "-o", "p.result"], check=True, stdout=subprocess.DEVNULL)
        with open("p.result", "rb") as file:
            return file.read()

    def test_facts(self) -> None:
        self.assertEqual(len(self.client.features), 30)
        self.assertEqual(self.client.labels, ["B", "M"])
        facts = self.client.facts
        self.assertGreater(facts.depth, 0)
        self.assertEqual(facts.latency.rows, 1)
        self.assertGreater(facts.throughput.rows, 1000)
        self.assertGreaterEqual(len(self.keys), facts.key_bytes)
        self.assertLess(len(self.keys), 1.2 * facts.key_bytes)

    def test_rows(self) -> None:
        self.assertEqual(self.rows.shape, (114, 30))
        self.assertAlmostEqual(self.rows[0, 0], 20.57)
        with self.assertRaisesRegex(bs.Error, "none.csv"):
            self.client.rows("none.csv")

    def test_both_packings(self) -> None:
        for packing, n in (("latency", 3), ("throughput", 114), ("auto", 114), ("auto", 2)):
            sample = self.client.encrypt(self.rows[:n], self.secret, packing)
            answer = self.client.decrypt(self.infer(sample), self.secret)
            self.assertEqual(len(answer), n)
            self.assertEqual(answer.labels, self.labels[:n])
            self.assertEqual(answer.outputs.dtype, np.float64)
            self.assertLess(error(answer.outputs, self.outputs[:n]), 1e-4)
            self.assertTrue((answer.indices == answer.outputs.argmax(axis=1)).all())

    def test_one_row_and_missing_values(self) -> None:
        row = self.rows[5].copy()
        row[3] = np.nan
        result = bytearray(self.infer(self.client.encrypt(row, self.secret)))
        answer = self.client.decrypt(result, self.secret)
        self.assertEqual(answer.outputs.shape, (1, 2))

    def test_keys_in_files(self) -> None:
        self.secret.save("p.key")
        self.assertEqual(stat.S_IMODE(os.stat("p.key").st_mode), 0o600)
        again = bs.SecretKey.load("p.key", self.client)
        answer = self.client.decrypt(self.infer(self.client.encrypt(self.rows[:1], self.secret)),
                                     again)
        self.assertEqual(answer.labels, self.labels[:1])
        self.client.save("copy.client")
        self.assertEqual(bs.Client("copy.client").features, self.client.features)

    def test_what_is_refused(self) -> None:
        for rows in (np.ones(29), np.ones((2, 31)), np.ones((1, 1, 30))):
            with self.assertRaises(ValueError):
                self.client.encrypt(rows, self.secret)
        with self.assertRaises(ValueError):
            self.client.encrypt(self.rows, self.secret, "tight")
        with self.assertRaises(bs.Error) as caught:
            self.client.encrypt(np.full((1, 30), np.inf), self.secret)
        self.assertEqual(caught.exception.status, "range")
        other, _ = self.client.keygen()
        result = self.infer(self.client.encrypt(self.rows[:1], self.secret))
        with self.assertRaises(bs.Error):
            self.client.decrypt(result, other)
        with self.assertRaises(bs.Error):
            self.client.decrypt(b"no result", self.secret)
        with self.assertRaisesRegex(bs.Error, "none.client"):
            bs.Client("none.client")


    def test_rows_out_of_range(self) -> None:
        rows = self.rows[:4].copy()
        column = self.client.features.index("area_se")
        rows[1, column] = 99999
        with self.assertRaisesRegex(bs.Error, 'row 1: "area_se" is 99999'):
            self.client.encrypt(rows, self.secret)
        found = self.client.sort(rows)
        self.assertEqual(found.states, ["inside", "refused", "inside", "inside"])
        self.assertEqual(found.numbers.tolist(), [0, 2, 3])
        self.assertEqual(found.packing, "latency")
        (outlier,) = found.out_of_range
        self.assertEqual((outlier.row, outlier.feature, outlier.value), (1, "area_se", 99999))
        self.assertLess(outlier.high, 99999)
        self.assertIn("row 1 is refused: 'area_se' is 99999", str(outlier))
        result = self.infer(self.client.encrypt(found, self.secret))
        self.assertEqual(len(self.client.decrypt(result, self.secret)), 3)
        answer = self.client.decrypt(result, self.secret, found)
        self.assertEqual(answer.states, found.states)
        self.assertEqual(answer.out_of_range, found.out_of_range)
        self.assertTrue(np.isnan(answer.outputs[1]).all())
        self.assertEqual((answer.labels[1], answer.indices[1]), (None, -1))
        for row in (0, 2, 3):
            self.assertEqual(answer.labels[row], self.labels[row])
            self.assertLess(error(answer.outputs[row], self.outputs[row]), 1e-4)
        with self.assertRaisesRegex(bs.Error, "other rows"):
            self.client.decrypt(result, self.secret, self.client.sort(self.rows[:4]))
        clipped = self.client.sort(rows, "throughput", "clip")
        self.assertEqual((clipped.states[1], clipped.packing), ("clipped", "throughput"))
        self.assertEqual(clipped.rows[1, column], outlier.high)
        self.assertEqual(self.client.sort(rows, "latency", "mark").states[1], "outside")
        self.assertEqual(self.client.sort(rows, "throughput", "mark").states[1], "refused")
        with self.assertRaisesRegex(ValueError, "must be one of refuse, clip, mark"):
            self.client.sort(rows, out_of_range="ignore")

    def test_columns_by_name(self) -> None:
        class Frame:
            """As much of a pandas DataFrame as rows need."""

            def __init__(self, names: list, values: np.ndarray) -> None:
                self.columns, self.values = names, values

            def __getitem__(self, names: list) -> np.ndarray:
                return self.values[:, [self.columns.index(name) for name in names]]

        names = self.client.features
        turned = Frame([*names[::-1], "id"], np.c_[self.rows[:, ::-1], np.arange(114)])
        self.assertTrue((self.client.sort(turned).rows == self.rows).all())
        with self.assertRaisesRegex(ValueError, f"no column '{names[0]}', nor 1 others"):
            self.client.sort(Frame(names[2:], self.rows[:, 2:]))


class RemoteTest(unittest.TestCase):
    url = os.environ["URL"]

    def test_predictions(self) -> None:
        labels, outputs = clear()
        stages = set()
        remote = bs.Remote(self.url, key="r.key", cacert="tls.crt",
                           progress=lambda stage, fraction: stages.add(stage))
        self.assertEqual(stat.S_IMODE(os.stat("r.key").st_mode), 0o600)
        rows = remote.client.rows("validation.csv")
        for n in (114, 4):
            answer = remote.predict(rows[:n])
            self.assertEqual(answer.labels, labels[:n])
            self.assertLess(error(answer.outputs, outputs[:n]), 1e-4)
        self.assertLessEqual({"sending the keys", "predicting"}, stages)
        self.assertLessEqual(stages, {"asking the server", "sending the keys", "predicting", "sending the rows",
                                      "waiting for the result"})
        remote.forget_keys()
        with self.assertRaises(bs.Error):
            remote.predict(rows[:1])
        remote.use_key("r.key")
        self.assertEqual(remote.predict(rows[0]).labels, labels[:1])
        answer = bs.predict(self.url, rows[:2], "r.key", cacert="tls.crt", model="wdbc")
        self.assertEqual(answer.labels, labels[:2])
        for options in ({"jobs": "always", "parallel": 8}, {"jobs": "never", "parallel": 1}):
            answer = bs.predict(self.url, rows[:9], "r.key", cacert="tls.crt", **options)
            self.assertEqual(answer.labels, labels[:9])

    def test_rows_out_of_range(self) -> None:
        labels, outputs = clear()
        for packing in ("latency", "throughput"):
            for what, state in (("refuse", "refused"), ("clip", "clipped"), ("mark", "outside")):
                remote = bs.Remote(self.url, key="o.key", cacert="tls.crt", out_of_range=what)
                rows = remote.client.rows("validation.csv")[:5]
                rows[2, 13] = 99999
                with self.assertWarnsRegex(bs.OutOfRangeWarning, f"row 2 is {state}: 'area_se'"):
                    answer = remote.predict(rows, packing)
                self.assertEqual([o.row for o in answer.out_of_range], [2])
                self.assertEqual(answer.out_of_range[0].value, 99999)
                self.assertIn(answer.states[2], (state, "beyond") if what == "mark" else (state,))
                for row in (0, 1, 3, 4):
                    self.assertEqual(answer.states[row], "inside")
                    self.assertEqual(answer.labels[row], labels[row])
                    self.assertLess(error(answer.outputs[row], outputs[row]), 1e-4)
                self.assertEqual(answer.labels[2] is None, answer.states[2] in ("refused", "beyond"))
        with self.assertRaisesRegex(ValueError, "must be one of refuse, clip, mark"):
            bs.Remote(self.url, cacert="tls.crt", out_of_range="ignore")

    def test_what_is_refused(self) -> None:
        cases = (({"token": "none"}, "HTTP 401"), ({"parallel": 0}, "must be 1 to 64"),
                 ({"model": "nix"}, "there is no model nix"),
                 ({"plan": "0" * 16}, "not the one asked for"), ({"token_file": "gone"}, "gone"))
        for options, words in cases:
            with self.assertRaisesRegex(bs.Error, words):
                bs.Remote(self.url, cacert="tls.crt", **options)
        with self.assertRaisesRegex(ValueError, "jobs is 'some'"):
            bs.Remote(self.url, cacert="tls.crt", jobs="some")
        with self.assertRaisesRegex(bs.Error, "verification"):
            bs.Remote(self.url)
        remote = bs.Remote(self.url, cacert="tls.crt")
        with self.assertRaisesRegex(bs.Error, "use_key comes first"):
            remote.predict(np.zeros(30))
        with self.assertRaises(ValueError):
            remote.predict(np.zeros(3))

    def test_stopping(self) -> None:
        remote = bs.Remote(self.url, cacert="tls.crt", key="s.key",
                           progress=lambda stage, fraction: stage == "predicting")
        with self.assertRaises(bs.Error) as caught:
            remote.predict(remote.client.rows("validation.csv")[:2])
        self.assertEqual(caught.exception.status, "cancelled")

        def fail(stage: str, fraction: float) -> None:
            raise KeyError(stage)

        with self.assertRaises(KeyError):
            bs.Remote(self.url, cacert="tls.crt", key="t.key", progress=fail)


if __name__ == "__main__":
    unittest.main()
