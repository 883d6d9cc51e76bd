"""scikit-learn's metrics of the rows in a folder, and a row bootstrap of the difference of two F1.

Arguments: folder, turns, rows of the bootstrap, its replicates, threshold. Prints milliseconds; imports not counted.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

folder = Path(sys.argv[1])
turns, bootstrap_rows, replicates = (int(word) for word in sys.argv[2:5])
threshold = float(sys.argv[5])
labels, candidate, baseline = (np.fromfile(folder / name) for name in ("labels", "candidate", "baseline"))
labels = labels.astype(np.int64)


def milliseconds(body):
    began = time.perf_counter()
    body()
    return 1000 * (time.perf_counter() - began)


values = {}


def measure():
    values["auc"] = roc_auc_score(labels, candidate)
    values["f1"] = f1_score(labels, candidate >= threshold)
    values["average_precision"] = average_precision_score(labels, candidate)


few = labels[:bootstrap_rows]
ours, theirs = candidate[:bootstrap_rows] >= threshold, baseline[:bootstrap_rows] >= threshold
generator = np.random.default_rng(1)


def replicate():
    rows = generator.integers(0, bootstrap_rows, bootstrap_rows)
    return f1_score(few[rows], ours[rows]) - f1_score(few[rows], theirs[rows])


figures = {
    "metricsMs": [milliseconds(measure) for _ in range(turns)],
    "replicateMs": [milliseconds(replicate) for _ in range(replicates)],
    "values": values,
}
print(json.dumps(figures))
