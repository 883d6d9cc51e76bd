"""AUC and F1 of two ONNX models over a Parquet file, as one writes it in Python: read, stack, run, score.

Arguments: dataset, candidate.onnx, baseline.onnx, threads. Prints seconds (imports not counted) and peak memory.
"""

import json
import resource
import sys
import time

import numpy as np
import onnxruntime
import pyarrow.parquet
from sklearn.metrics import f1_score, roc_auc_score

dataset, candidate, baseline, threads = sys.argv[1:]
contract = json.load(open(candidate.replace(".onnx", ".contract.json")))
began = time.perf_counter()
features = [feature["name"] for feature in contract["features"]]
label = contract["label"]["column"]
table = pyarrow.parquet.read_table(dataset, columns=[*features, label])
labels = table[label].to_numpy()
feeds = {}
for graph_input in contract["inputs"]:
    columns = [table[name].to_numpy(zero_copy_only=False) for name in graph_input["features"]]
    feeds[graph_input["name"]] = (
        np.column_stack(columns)
        if graph_input["datatype"] == "string"
        else np.column_stack([column.astype(graph_input["datatype"]) for column in columns])
    )
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
figures = {}
for name, path in {"candidate": candidate, "baseline": baseline}.items():
    session = onnxruntime.InferenceSession(path, options)
    output = contract["output"]
    scores = session.run([output["name"]], feeds)[0][:, output["column"]]
    figures[name] = {
        "auc": roc_auc_score(labels, scores),
        "f1": f1_score(labels, scores >= contract["threshold"]),
    }
seconds = time.perf_counter() - began
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(json.dumps({"seconds": seconds, "peakMegabytes": megabytes, **figures}))
