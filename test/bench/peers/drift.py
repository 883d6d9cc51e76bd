"""Evidently's DataDriftPreset over two Parquet files, as one writes it in Python: read, describe, run.

Arguments: reference, current. Prints seconds to read and to run (imports not counted), peak memory, and how many columns
drifted.
"""

import json
import resource
import sys
import time
import warnings

import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

warnings.filterwarnings("ignore")
began = time.perf_counter()
frames = [pandas.read_parquet(path) for path in sys.argv[1:]]
read = time.perf_counter()
names = frames[0].columns
categorical = [name for name in names if not pandas.api.types.is_numeric_dtype(frames[0][name])]
definition = DataDefinition(
    numerical_columns=[name for name in names if name not in categorical],
    categorical_columns=categorical,
)
reference, current = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
result = Report([DataDriftPreset()]).run(current, reference).dict()
done = time.perf_counter()
drifted = next(metric["value"]["count"] for metric in result["metrics"] if "DriftedColumnsCount" in metric["metric_name"])
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(json.dumps({"readSeconds": read - began, "seconds": done - read, "peakMegabytes": megabytes, "drifted": drifted}))
