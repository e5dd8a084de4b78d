"""Time pictologics on request; run by the interpreter of an environment that has it.

Each line of standard input is ``{"image": ..., "mask": ..., "preset": ...}``; the answer is the
processor time (s) of one run from file. Its definitions are IBSI's, so only the work is like dlr's:
the same image types and feature families, a region's grey levels in 32 bins.
"""

import json
import os
import sys
import time
import warnings

os.environ["PICTOLOGICS_NUM_THREADS"] = "1"

from pictologics import RadiomicsPipeline

BINS = {"step": "discretise", "params": {"method": "FBN", "n_bins": 32}}
FILTERS = [{"type": "log", "sigma_mm": float(sigma)} for sigma in (1, 2, 3, 4, 5)] + [
    {"type": "wavelet", "wavelet": "coif1", "level": 1, "decomposition": f"{x}{y}{z}"}
    for x in "LH"
    for y in "LH"
    for z in "LH"
]


def pipeline(preset: str) -> RadiomicsPipeline:
    """Configure the image types of one of dlr's presets."""
    chosen = RadiomicsPipeline(load_standard=False)
    shape = {"families": ["morphology", "intensity", "texture"]}
    texture = {"families": ["intensity", "texture"]}
    chosen.add_config("original", [BINS, {"step": "extract_features", "params": shape}])
    if preset == "original-log-wavelet":
        for number, one in enumerate(FILTERS):
            steps = [{"step": "filter", "params": one}, BINS]
            steps.append({"step": "extract_features", "params": texture})
            chosen.add_config(f"filter{number}", steps)
    return chosen


def main() -> None:
    warnings.simplefilter("ignore")
    pipelines = {name: pipeline(name) for name in ("original", "original-log-wavelet")}
    for line in sys.stdin:
        request = json.loads(line)
        start = time.process_time()
        found = pipelines[request["preset"]].run(request["image"], request["mask"])
        seconds = time.process_time() - start
        values = sum(len(row) for row in found.values())
        print(json.dumps({"seconds": seconds, "values": values}), flush=True)


if __name__ == "__main__":
    main()
