# SPDX-License-Identifier: Apache-2.0
"""The model owner's and the server's side: train, import, compile, infer, serve; DataFrames."""

import copy
import csv
import inspect
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from ctypes import Structure
from pathlib import Path

import numpy as np

import blindsight as bs
from blindsight import _native, client, tables

try:
    import pandas
except ImportError:
    pandas = None

ROOT = Path(os.environ["ROOT"])
DATA = ROOT / "data" / "wdbc.csv"
with_pandas = unittest.skipUnless(pandas, "no pandas")

# A program that waits for C, and says how its wait ended.
WAITS = """
import sys
import blindsight as bs
model = bs.Model.load("wdbc.model")
try:
    print("begins", flush=True)
    {call}
    print("ends", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


class TrainTest(unittest.TestCase):
    def test_as_the_command(self) -> None:
        model = bs.train(DATA, "diagnosis", epochs=60, name="wdbc")
        self.assertEqual(model.name, "wdbc")
        self.assertEqual(model.labels, ["B", "M"])
        self.assertEqual(model.training.n_train, 455)
        self.assertEqual(len(model.training.train_loss), 60)
        self.assertEqual(model.training.ignored, ["id"])
        model.save("python.model")
        self.assertEqual(stat.S_IMODE(os.stat("python.model").st_mode), 0o600)
        self.assertEqual(Path("python.model").read_bytes(), Path("wdbc.model").read_bytes())
        metrics = model.evaluate("validation.csv", "diagnosis")
        kept = model.measure(model.predict(model.training.validation.values),
                             model.training.validation)
        self.assertEqual(metrics.accuracy, kept.accuracy)
        self.assertEqual(metrics.confusion.sum(), 114)
        self.assertGreater(metrics.auc, 0.9)
        again = bs.Model.from_json(model.to_json())
        rows = model.rows("validation.csv")
        self.assertEqual(again.predict(rows).outputs.tolist(), model.predict(rows).outputs.tolist())

    def test_kinds_of_models(self) -> None:
        trees = bs.train(DATA, "diagnosis", model="trees", trees=5, depth=2)
        self.assertAlmostEqual(sum(trees.training.weights.values()), 1, 3)
        linear = bs.train(DATA, "area_worst", model="linear", drop=["id", "diagnosis"])
        self.assertTrue(linear.training.regression)
        self.assertEqual(len(linear.features), 29)
        truth = linear.training.validation
        self.assertGreater(linear.measure(linear.predict(truth.values), truth).r2, 0.9)

    def test_progress(self) -> None:
        seen = []
        bs.train(DATA, "diagnosis", epochs=7, progress=lambda part, text: seen.append(part))
        self.assertEqual(len(seen), 7)
        self.assertEqual(seen[-1], 1)
        with self.assertRaises(bs.CancelledError):
            bs.train(DATA, "diagnosis", progress=lambda part, text: part > 0.1)

        def fail(part: float, text: str) -> None:
            raise KeyError(text)

        with self.assertRaises(KeyError):
            bs.train(DATA, "diagnosis", progress=fail)

    def test_what_is_refused(self) -> None:
        for options, words in (({"model": "forest"}, "network, linear, trees"),
                               ({"task": "x"}, "auto"), ({"activation": "relu"}, "sigmoid3")):
            with self.assertRaisesRegex(ValueError, words):
                bs.train(DATA, "diagnosis", **options)
        with self.assertRaisesRegex(bs.Error, "none.csv") as caught:
            bs.train("none.csv", "diagnosis")
        self.assertIsInstance(caught.exception, OSError)
        with self.assertRaisesRegex(bs.Error, "no column.*nothing"):
            bs.train(DATA, "nothing")
        with self.assertRaisesRegex(TypeError, "data is None"):
            bs.train(None, "diagnosis")


    def test_numbers_that_c_does_not_hold(self) -> None:
        """ctypes would take them modulo 2^32 or 2^64, and say nothing."""
        for options in ({"epochs": 2 ** 32 + 5}, {"seed": -1}, {"bins": -1}, {"trees": 2 ** 40},
                        {"split_seed": 2 ** 32}, {"hidden": [-1]}):
            with self.assertRaisesRegex(ValueError, next(iter(options))):
                bs.train(DATA, "diagnosis", **options)
        with self.assertRaises(ValueError):
            bs.Context(depth=2 ** 32 + 1)
        with self.assertRaises(ValueError):
            bs.Remote("http://127.0.0.1:1", parallel=2 ** 32 + 4)
        with self.assertRaises(ValueError):
            bs.Context(depth=1).encrypt([1]).rotate(2 ** 32 + 1)


class CompileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.model = bs.Model.load("wdbc.model")
        cls.server = cls.model.compile()
        cls.rows = cls.model.rows("validation.csv")[:5]

    def test_all_of_it(self) -> None:
        client_side = self.server.client
        secret, keys = client_side.keygen()
        clear = self.model.predict(self.rows)
        session = self.server.session(keys, threads=2)
        for infer in (session.infer, lambda sample: bs.infer("m.server", sample, keys)):
            self.server.save("m.server")
            answer = client_side.decrypt(infer(client_side.encrypt(self.rows, secret)), secret)
            self.assertEqual(answer.labels, clear.labels)
            self.assertLess(np.abs(answer.outputs - clear.outputs).max(), 1e-4)
        self.assertEqual(stat.S_IMODE(os.stat("m.server").st_mode), 0o600)
        self.assertEqual(self.server.simulate(self.rows).labels, clear.labels)
        with self.assertRaises(bs.FormatError):
            session.infer(b"no sample")
        with self.assertRaises(bs.FormatError):
            self.server.session(b"no keys")
        for threads in (0, 2 ** 32 + 1):
            with self.assertRaises(ValueError):
                self.server.session(keys, threads)

    def test_what_became_of_options(self) -> None:
        self.assertEqual((self.server.error, self.server.usual_error, self.server.left_out),
                         (1e-5, 0, []))
        self.assertEqual(bs.compile(self.model, error=1e-4).error, 1e-4)
        self.server.save("m.server")
        self.assertEqual(bs.Server.load("m.server").error, 0)  # a file does not say

    def test_options(self) -> None:
        self.assertIsNone(bs.compile(self.model, packing="latency").client.facts.throughput)
        with self.assertRaisesRegex(bs.Error, "log2-n 13|needs 3 levels"):
            bs.compile(self.model, log2_n=12)
        for options in ({"log2_n": 2 ** 32 + 13}, {"security": 2 ** 32 + 128}, {"packing": "x"}, {"minimise": "x"}, {"last": "x"}, {"security": 100}):
            with self.assertRaises(ValueError):
                bs.compile(self.model, **options)

    def test_serve(self) -> None:
        with bs.serve(self.server) as service:
            remote = bs.Remote(service.url, token=service.token("ward"), key="serve.key")
            self.assertEqual(remote.predict(self.rows).labels,
                             self.model.predict(self.rows).labels)
            with self.assertRaisesRegex(bs.Error, "HTTP 401"):
                bs.Remote(service.url, token="nobody")
            with self.assertRaisesRegex(ValueError, "scope"):
                service.token("x", scope="all")
            folder = service.state
        self.assertEqual(service.stop(), 0)
        self.assertFalse(os.path.exists(folder))
        with self.assertRaisesRegex(OSError, "none.server"):
            bs.serve("none.server")
        with self.assertRaisesRegex(ValueError, "two models"):
            bs.serve([self.server, self.server])

    def test_what_travels(self) -> None:
        secret, keys = self.server.client.keygen()
        for thing in (self.model, self.server, self.server.session(keys)):
            for way in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaisesRegex(TypeError, "not copied or pickled"):
                    way(thing)
        again = pickle.loads(pickle.dumps(self.server.client))
        self.assertEqual(again.features, self.model.features)
        self.assertEqual(len(again.encrypt(self.rows, secret)),
                         len(self.server.client.encrypt(self.rows, secret)))
        self.assertIs(copy.deepcopy(self.server.client), self.server.client)
        answer = self.model.predict(self.rows)
        self.assertEqual(pickle.loads(pickle.dumps(answer)).labels, answer.labels)
        try:
            bs.Model.load("none.model")
        except bs.Error as error:
            same = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(same), same.status, str(same)),
                             (bs.InputOutputError, "io", str(error)))


class ImportTest(unittest.TestCase):
    def test_onnx(self) -> None:
        model = bs.import_onnx(ROOT / "examples" / "residual" / "wdbc.onnx",
                               calibrate=DATA, label="diagnosis", outputs="classes")
        self.assertGreater(len(model.fits), 0)
        self.assertTrue(all(fit.degree > 0 for fit in model.fits))
        with self.assertRaises(bs.Error):
            bs.import_onnx(DATA)
        with self.assertRaisesRegex(ValueError, "auto, table, image"):
            bs.import_onnx("x.onnx", input="x")

    def test_trees(self) -> None:
        path = ROOT / "tests" / "trees" / "data" / "lightgbm_binary.txt"
        self.assertTrue(bs.is_trees(path))
        self.assertFalse(bs.is_trees(DATA))
        self.assertGreater(len(bs.import_trees(path, exact=True).features), 0)


@with_pandas
class FrameTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.frame = pandas.read_csv(DATA)

    def test_train_and_predict(self) -> None:
        model = bs.train(self.frame, "diagnosis", epochs=60, name="wdbc")
        self.assertEqual(model.to_json(), bs.Model.load("wdbc.model").to_json())
        some = self.frame.sample(7, random_state=1)
        answer = model.predict(some[some.columns[::-1]]).to_pandas()
        self.assertEqual(answer.index.tolist(), some.index.tolist())
        self.assertEqual(answer.columns.tolist(), ["predicted", "state", "B", "M"])
        self.assertEqual(answer["predicted"].tolist(), model.predict(model.rows(some)).labels)
        one = model.predict(some.iloc[0])  # a Series, which has the label beside the features
        self.assertEqual(one.labels, answer["predicted"].tolist()[:1])
        self.assertEqual(model.evaluate(self.frame, "diagnosis").confusion.sum(), 569)
        secret, keys = (server := model.compile()).client.keygen()
        sorted_rows = server.client.sort(some)
        result = server.infer(server.client.encrypt(sorted_rows, secret), keys)
        self.assertEqual(server.client.decrypt(result, secret, sorted_rows).to_pandas().index
                         .tolist(), some.index.tolist())

    def test_categories_and_gaps(self) -> None:
        n = 400
        draw = np.random.default_rng(1)
        colour = draw.choice(["red", "green", "blue"], n)
        size = draw.normal(size=n)
        frame = pandas.DataFrame({"colour": colour, "size": size, "odd, \"name\"": size * 2,
                                  "y": np.where((colour == "red") ^ (size > 0), "yes", "no")})
        frame.loc[3, "size"] = None
        model = bs.train(frame, "y", model="trees", trees=20)
        self.assertEqual(set(model.categories), {"colour"})
        self.assertLessEqual(set(colour), set(model.categories["colour"]))
        self.assertGreater(model.evaluate(frame, "y").accuracy, 0.9)
        table = model.table(frame, "y")
        self.assertTrue(np.isnan(table.values[3, 1]))
        nullable = frame.convert_dtypes()
        self.assertEqual(model.predict(nullable).labels, model.predict(frame).labels)
        with self.assertRaisesRegex(bs.Error, "^DataFrame: "):
            model.table(frame, "z")
        frame["code"] = np.where(colour == "red", 7, np.where(colour == "green", 8, 9))
        coded = bs.train(frame, "y", model="trees", trees=20, drop=["colour"], categories=["code"])
        self.assertEqual(set(coded.categories), {"code"})


class RecordsTest(unittest.TestCase):
    """Rows by name: what csv.DictReader gives, a record, columns."""

    def test_as_the_file(self) -> None:
        model = bs.Model.load("wdbc.model")
        with open(DATA, newline="", encoding="utf-8") as file:
            records = list(csv.DictReader(file))[:7]
        rows = model.rows(DATA)[:7]
        labels = model.predict(rows).labels
        self.assertEqual(model.predict(records).labels, labels)  # id and diagnosis stand beside
        columns = {name: [r[name] for r in reversed(records)] for name in reversed(records[0])}
        self.assertEqual(model.predict(columns).labels, labels[::-1])
        self.assertEqual(model.predict(records[2]).labels, labels[2:3])
        arrays = {name: rows[:, i] for i, name in enumerate(model.features)}
        np.testing.assert_array_equal(model.predict(arrays).outputs, model.predict(rows).outputs)
        client = model.compile(packing="latency").client
        secret, _ = client.keygen()
        self.assertEqual(len(client.sort(records).rows), 7)
        self.assertGreater(len(client.encrypt(records[0], secret)), 1000)

    def test_what_is_wrong_is_named(self) -> None:
        model = bs.Model.load("wdbc.model")
        one = dict.fromkeys(model.features, 1.0)
        for rows, pattern in (
                ([one, {**one, "area_maen": 1}, {"area_mean": 1}], "row 2: there is no 'radius_mean'"),
                ({**one, "area_mean": [1.0, 2.0]}, "column 'radius_mean': must be as long"),
                ({name: [1.0] for name in model.features[1:]}, "there is no column 'radius_mean'"),
                ([{**one, "area_mean": "much"}], "^records: line 2, column 4 .area_mean.: .much. where a number")):
            with self.assertRaisesRegex(ValueError, pattern):
                model.predict(rows)
        with self.assertRaisesRegex(TypeError, "row 1: must be a record"):
            model.predict([one, 3])
        self.assertEqual(len(model._values({name: [] for name in model.features})), 0)

    def test_categories_and_gaps(self) -> None:
        table = Path("coloured.csv")
        draw = np.random.default_rng(1)
        lines = [f"{draw.choice(['red', 'green', 'blue'])},{size},{size > 0}"
                 for size in draw.normal(size=300)]
        table.write_text("\n".join(["colour,size,y", *lines, ",1,True", "red,,True"]))
        model = bs.train(table, "y", model="trees", trees=10)
        codes = model.categories["colour"]
        values = model._values([{"size": None, "colour": "red"}, {"size": 2, "colour": None},
                                {"size": float("nan"), "colour": "blue"},
                                {"size": np.float32(0.1), "colour": "green"}])
        np.testing.assert_array_equal(np.isnan(values), [[0, 1], [1, 0], [0, 1], [0, 0]])
        self.assertEqual([values[0, 0], values[2, 0]], [codes.index("red"), codes.index("blue")])
        self.assertEqual(values[3, 1], float(np.float32(0.1)))
        # A text that no row of training had counts as others do, and that is said: of records, of a
        # DataFrame and of a file.
        Path("unseen.csv").write_text("colour,size\npurple,1\n")
        asks = [lambda: model._values([{"colour": "purple", "size": 1.0}]),
                lambda: model.rows("unseen.csv")]
        if pandas:
            frame = pandas.DataFrame({"colour": ["purple"], "size": [1.0]})
            asks.append(lambda: model._values(frame))
        for ask in asks:
            with self.assertWarnsRegex(bs.TableWarning, '"colour": 1 texts that the model'):
                ask()


class OptionsTest(unittest.TestCase):
    """What the commands accept beside a model."""

    def test_units(self) -> None:
        model = bs.Model.load("wdbc.model")
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/units.json"
            bs.Units.measure().save(path)
            usual, ours = model.compile(packing="latency"), \
                model.compile(packing="latency", units=path)
            again = model.compile(packing="latency", units=bs.Units.load(path))
        self.assertNotEqual(ours.client.facts.latency.predicted_ms,
                            usual.client.facts.latency.predicted_ms)
        self.assertEqual(ours.client.facts, again.client.facts)

    def test_progress(self) -> None:
        model = bs.Model.load("wdbc.model")
        stages = []
        model.compile(packing="latency", progress=lambda *state: stages.append(state))
        self.assertIn("writing the programs", [stage for stage, _ in stages])
        self.assertTrue(all(0 <= fraction <= 1 for _, fraction in stages))
        with self.assertRaises(bs.CancelledError):
            model.compile(progress=lambda stage, fraction: True)
        with self.assertRaises(ZeroDivisionError):
            model.compile(progress=lambda stage, fraction: 1 / 0)

    def test_sessions_on_disk(self) -> None:
        server = bs.Model.load("wdbc.model").compile(packing="latency")
        rows = server.client.rows("validation.csv")[:2]
        secret, keys = server.client.keygen()
        sample = server.client.encrypt(rows, secret)
        server.prepare(64)
        server.session(keys).save("kept.session")
        self.assertEqual(stat.S_IMODE(os.stat("kept.session").st_mode), 0o600)
        answers = [server.client.decrypt(result, secret) for result in
                   (server.load_session("kept.session", threads=2).infer(sample),
                    bs.infer(server, sample, keys, weights_mb=1))]
        self.assertEqual(answers[0].labels, answers[1].labels)
        other = bs.train(DATA, "diagnosis", epochs=2).compile(packing="latency")
        with self.assertRaises(bs.MismatchError):
            other.load_session("kept.session")


class InterruptTest(unittest.TestCase):
    LIMIT_S = 20.0  # of a busy machine; on an idle one it is 0.3, and what it was is printed
    most = 0.0

    @classmethod
    def tearDownClass(cls) -> None:
        print(f"Ctrl-C, in work: at most {cls.most:.3f} s")

    def interrupted(self, call: str) -> None:
        program = subprocess.Popen([sys.executable, "-c", WAITS.format(call=call)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with program:
            self.assertEqual(program.stdout.readline(), b"begins\n")
            time.sleep(0.3)
            start = time.monotonic()
            program.send_signal(signal.SIGINT)
            self.assertEqual(program.stdout.readline(), b"interrupted\n")
            took = time.monotonic() - start
            self.assertLess(took, self.LIMIT_S)
            type(self).most = max(self.most, took)
            program.kill()

    def test_train(self) -> None:
        self.interrupted(f"bs.train({str(DATA)!r}, 'diagnosis', epochs=1000000)")

    def test_what_knows_no_stopping(self) -> None:
        self.interrupted("rows = model.rows('validation.csv').repeat(9000, 0)[:10**6]; "
                         "[model.predict(rows) for i in range(1000)]")


class PackageTest(unittest.TestCase):
    def test_structures_are_those_of_the_header(self) -> None:
        """Sizes and places of all fields, as a C compiler has them; a structure of the library may
        be longer at its end."""
        cases = []
        for name, kind in vars(_native).items():
            if inspect.isclass(kind) and issubclass(kind, Structure) and kind is not Structure:
                c_name = inspect.getdoc(kind)
                cases += [(c_name, field[0], getattr(kind, field[0]).offset,
                           getattr(kind, field[0]).size) for field in kind._fields_]
        source = ["#include <blindsight.h>", "#include <stddef.h>", "#include <stdio.h>",
                  "int main(void) {"]
        source += [f'printf("%zu %zu\\n", offsetof({c}, {f}), sizeof((({c} *)0)->{f}));'
                   for c, f, _, _ in cases]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "offsets.c"
            path.write_text("\n".join(source + ["return 0; }"]))
            subprocess.run([os.environ.get("CC", "cc"), f"-I{ROOT}/include", str(path), "-o",
                            f"{folder}/offsets"], check=True)
            out = subprocess.run([f"{folder}/offsets"], check=True, capture_output=True, text=True)
        found = [tuple(map(int, line.split())) for line in out.stdout.splitlines()]
        self.assertEqual(found, [(offset, size) for _, _, offset, size in cases])
        self.assertGreater(len(cases), 150)

    def test_everything_says_what_it_is(self) -> None:
        for name in bs.__all__:
            thing = getattr(bs, name)
            self.assertTrue(inspect.getdoc(thing), name)
            for member, value in vars(thing).items() if inspect.isclass(thing) else ():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    self.assertTrue(inspect.getdoc(value), f"{name}.{member}")

    def test_errors_are_of_kinds(self) -> None:
        self.assertTrue(issubclass(bs.FormatError, ValueError))
        self.assertTrue(issubclass(bs.OutOfMemoryError, MemoryError))
        with self.assertRaises(bs.ArgumentError):
            bs.Context(depth=-1)
        with self.assertRaises(bs.LevelError):
            context = bs.Context(depth=1)
            (context.encrypt([1.0]) ** 2).square()

    def test_public_contexts(self) -> None:
        context = bs.Context(depth=1)
        public = context.public()
        vector = public.encrypt([1.5, -2]) * 2
        with self.assertRaises(bs.MissingKeyError):
            vector.decrypt()
        self.assertLess(np.abs(vector.decrypt(context) - [3, -4]).max(), 1e-5)
        elsewhere = pickle.loads(pickle.dumps(public))
        sent = context.deserialize_vector(elsewhere.encrypt([7.0]).serialize(), 1)
        self.assertLess(abs(sent.decrypt()[0] - 7), 1e-5)
        both = pickle.loads(pickle.dumps([vector, vector + 1]))
        self.assertIs(both[0].context, both[1].context)
        self.assertLess(np.abs((both[0] + both[1]).decrypt(context) - [7, -7]).max(), 1e-5)
        with self.assertRaisesRegex(TypeError, "pickle its public"):
            pickle.dumps(context)
        self.assertIs(copy.deepcopy(context), context)
        only = bs.Context.deserialize(context.params_bytes, context.keys_bytes)
        with self.assertRaisesRegex(bs.MissingKeyError, "neither"):
            only.encrypt([1])

    def test_one_table_of_names(self) -> None:
        self.assertEqual(tables.STATES[0], "inside")
        self.assertEqual(client.LATENCY, 0)


if __name__ == "__main__":
    unittest.main()
