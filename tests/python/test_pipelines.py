# SPDX-License-Identifier: Apache-2.0
"""Pipelines of scikit-learn, written as JSON: what the imported model says is what they say."""

import os
import subprocess
import tempfile
import unittest
import warnings

import numpy as np

import blindsight as bs
from blindsight import pipelines

try:
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (GradientBoostingClassifier, HistGradientBoostingClassifier,
                                  RandomForestClassifier, RandomForestRegressor)
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
except ImportError:
    pandas = None


def table(n=400, seed=1):
    r = np.random.RandomState(seed)
    t = pandas.DataFrame({
        "age": r.normal(40, 10, n), "income": r.lognormal(10, 1, n),
        "city": r.choice(["Bern", "Oslo", "Rome", "Lima"], n),
        "grade": r.choice(["low", "mid", "high"], n), "code": r.choice([1, 2, 5], n),
        "plain": r.normal(size=n)})
    t.loc[r.rand(n) < 0.1, "age"] = np.nan
    t.loc[r.rand(n) < 0.1, "grade"] = np.nan
    score = ((t.age.fillna(40) - 40) / 10 + (t.city == "Rome") + 1.5 * (t.grade == "high")
             + (t.code == 5) + r.normal(0, 0.3, n))
    return t, (score > 1).astype(int), score


def before():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    grades = OrdinalEncoder(categories=[["low", "mid", "high"]],
                            handle_unknown="use_encoded_value", unknown_value=-1)
    return ColumnTransformer([
        ("numbers", numbers, ["age", "income", "plain"]),
        ("codes", OneHotEncoder(handle_unknown="ignore"), ["city", "code"]),
        ("grade", make_pipeline(SimpleImputer(strategy="most_frequent"), grades, MinMaxScaler()),
         ["grade"])])


@unittest.skipUnless(pandas, "no scikit-learn or pandas")
class Pipelines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.x, cls.y, cls.score = table()
        cls.new = cls.x.copy()
        cls.new.loc[3, "city"], cls.new.loc[5, "grade"], cls.new.loc[6, "code"] = "Cork", "odd", 9

    def says(self, model, x):
        """Outputs of the model that is imported from what is written."""
        path = os.path.join(self.folder.name, "m.json")
        rows = os.path.join(self.folder.name, "rows.csv")
        pipelines.save(model, path, rows=self.x)
        x.to_csv(rows, index=False)
        program = os.path.join(os.environ["BUILD"], "blindsight")
        edges = ["--edges", "exact"] if bs.is_trees(path) else []
        for arguments in (["import", path, "-o", path + ".model", *edges],
                          ["evaluate", path + ".model", rows, "--outputs", rows + ".out"]):
            done = subprocess.run([program, *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        return pandas.read_csv(rows + ".out")

    def check(self, last, y, tolerance=1e-9):
        model = make_pipeline(before(), last).fit(self.x, y)
        out = self.says(model, self.new)
        wanted = np.asarray(model.predict_proba(self.new) if hasattr(model, "predict_proba")
                            else model.predict(self.new), dtype=float)
        have = out.iloc[:, -wanted.shape[1]:].values if wanted.ndim == 2 else out.iloc[:, -1].values
        self.assertLess(np.max(np.abs(have - wanted) / np.maximum(1, np.abs(wanted))), tolerance)
        if hasattr(last, "classes_"):
            flips = (out["predicted"] != model.predict(self.new)).mean()
            self.assertLess(flips, 0.02 if tolerance > 1e-6 else 1e-9)

    def test_trees(self):
        self.check(GradientBoostingClassifier(n_estimators=20), self.y)
        self.check(RandomForestClassifier(20, max_depth=5), self.y)
        self.check(HistGradientBoostingClassifier(max_iter=20), self.y)
        self.check(RandomForestRegressor(10, max_depth=4), self.score)

    def test_linear(self):
        self.check(LogisticRegression(), self.y)
        three = self.y + (self.score > 2)
        self.check(LogisticRegression(), three)
        self.check(LogisticRegression(solver="liblinear"), three)
        self.check(Ridge(), self.score)
        self.check(PoissonRegressor(), np.exp(self.score / 3))

    def test_decisions(self):
        model = make_pipeline(before(), RidgeClassifier()).fit(self.x, self.y)
        out = self.says(model, self.new)
        self.assertTrue((out["predicted"] == model.predict(self.new)).all())

    def test_perceptrons(self):
        self.check(MLPClassifier((8,), max_iter=300, alpha=0.1, random_state=1), self.y, 0.08)
        self.check(MLPRegressor((8,), activation="tanh", max_iter=400, random_state=1), self.score,
                   0.05)

    def test_edges_are_those_of_the_pipeline(self):
        """Rows at every threshold, and the doubles beside it."""
        model = make_pipeline(StandardScaler(), RandomForestClassifier(5, max_depth=4))
        x = self.x[["plain", "income"]]
        model.fit(x, self.y)
        written = pipelines.to_dict(model)
        rows = []
        for tree in written["trees"]:
            for feature, edge, value in zip(tree["feature"], tree["edge"], tree["value"]):
                if value is None:
                    for at in (edge, np.nextafter(edge, np.inf)):
                        rows.append([0.1, 20000.0])
                        rows[-1][feature] = at
        rows = pandas.DataFrame(rows, columns=x.columns)
        out = self.says(model, rows)
        self.assertLess(np.max(np.abs(out.iloc[:, -2:].values - model.predict_proba(rows))), 1e-12)

    def test_refused(self):
        x, y = self.x[["plain", "income"]], self.y
        clipped = make_pipeline(MinMaxScaler(clip=True), LogisticRegression()).fit(x, y)
        indicator = make_pipeline(SimpleImputer(add_indicator=True), RidgeClassifier())
        partly = ColumnTransformer([("a", SimpleImputer(), ["age"]),
                                    ("b", "passthrough", ["plain"])])
        cases = [(make_pipeline(PCA(1), LogisticRegression()).fit(x, y), "mixes columns"),
                 (clipped, "clips"),
                 (indicator.fit(self.x[["age", "plain"]], y), "add_indicator"),
                 (make_pipeline(partly, RandomForestClassifier(2)).fit(self.x, y), "impute these"),
                 (make_pipeline(before(), MLPClassifier((4,))).fit(self.x, y), "rows=")]
        for model, words in cases:
            with self.assertRaisesRegex(ValueError, words):
                pipelines.to_dict(model)


if __name__ == "__main__":
    unittest.main()
