# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # A diagnosis that nobody else reads
#
# A clinic has a model that tells benign tumours from malignant ones. Three practices have patients.
# The practices want answers, and show no patient to the clinic; the clinic wants to answer, and
# shows its model to nobody. Run it cell by cell (Jupyter with jupytext, VS Code, Spyder), or as it
# stands: `PYTHONPATH=python python3 examples/notebook/story.py`.

# %% [markdown]
# ## 1. Data
# 569 tumours of the Wisconsin breast cancer data set: 30 measurements of cell nuclei, a diagnosis.

# %%
import csv
import sys
import tempfile
from pathlib import Path

import numpy as np

import blindsight as bs

data = Path(__file__).resolve().parents[2] / "data" / "wdbc.csv"
with open(data, newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
print(f"{len(rows)} tumours, {sum(row['diagnosis'] == 'M' for row in rows)} of them malignant")

# %% [markdown]
# ## 2. Training
# The clinic trains in clear, on its own rows. Activations are polynomials: that is all that can be
# computed on ciphertexts. 114 rows are kept back; nobody trains on them.

# %%
model = bs.train(data, "diagnosis", name="tumour")
kept = model.training.validation
clear = model.predict(kept.values)
print(f"trained on {model.training.n_train} rows, "
      f"accuracy on the other {len(clear)}: {model.measure(clear, kept).accuracy:.6f}")

# %% [markdown]
# ## 3. Compiling
# Ring, moduli and layout of slots are chosen for this model. The server's half holds the weights; the
# client's half is public, and says what an encrypted row costs.

# %%
server = model.compile()
facts = server.client.facts
print(f"depth {facts.depth}, keys {facts.key_bytes / 1e6:.1f} MB once, "
      f"{facts.latency.upload_bytes / 1e3:.0f} kB up and {facts.latency.download_bytes / 1e3:.0f} kB "
      f"down a row, errors below {facts.latency.predicted_error:.0e}")

# %% [markdown]
# ## 4. A service, and clients
# The clinic serves its model, and gives each practice a token. Each practice makes a secret key of
# its own, which stays in its file; the service gets evaluation keys, with which it can compute and
# not decrypt.

# %%
folder = tempfile.TemporaryDirectory()
service = bs.serve(server)
practices = {name: bs.Remote(service.url, token=service.token(name),
                             key=Path(folder.name) / f"{name}.key")
             for name in ("north", "east", "south")}
print(f"{len(practices)} practices, {len(list(Path(folder.name).glob('*.key')))} secret keys")

# %% [markdown]
# ## 5. Encrypted predictions
# Each practice sends a third of the rows that nobody trained on. What travels looks like noise.

# %%
parts = np.array_split(np.arange(len(kept.values)), len(practices))
answers = [practice.predict(kept.values[part]) for practice, part in zip(practices.values(), parts)]
outputs = np.concatenate([answer.outputs for answer in answers])
labels = [label for answer in answers for label in answer.labels]
print(f"{len(labels)} answers: {labels.count('B')} benign, {labels.count('M')} malignant")

# %% [markdown]
# ## 6. Metrics
# Under encryption as in clear: the same labels, outputs that differ from the sixth digit on.

# %%
encrypted = bs.Predictions(outputs, outputs.argmax(axis=1), labels)
metrics = model.measure(encrypted, kept)
print(f"accuracy {metrics.accuracy:.6f}, F1 {metrics.f1:.6f}, AUC {metrics.auc:.4f}")
print("labels that differ from those in clear:",
      sum(a != b for a, b in zip(labels, clear.labels)))
error = (np.abs(outputs - clear.outputs) / np.maximum(1, np.abs(clear.outputs))).max()
print("largest error:", "below 1e-05" if error < 1e-5 else f"{error:.1e}")
for truth, line in zip(model.labels, metrics.confusion):
    print(f"  {truth}: " + ", ".join(f"{n} taken for {name}" for name, n in zip(model.labels, line)))

# %% [markdown]
# ## 7. What another row would get
# A row that is no tumour: it is refused here, before anything is sent.

# %%
import warnings

strange = kept.values[:1].copy()
strange[0, model.features.index("radius_mean")] = 5000
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    answer = practices["north"].predict(strange)
print(answer.states[0], answer.labels[0], "-", said[0].message)

# %% [markdown]
# ## 8. The end
# The practices take their keys back from the service, which ends.

# %%
for practice in practices.values():
    practice.forget_keys()
code = service.stop()
folder.cleanup()
print("the service ended with", code)
sys.exit(code)
