"""What the scripts of all peers share: arguments, data, and one process a candidate, timed and bounded.

A script prints one JSON line a candidate: {"what", "path", "seconds", "peakBytes"} or {"what", "failed", "seconds"}.
"""

import argparse
import json
import os
import select
import signal
import sys
import time
import traceback

import numpy as np


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--calibration", required=True, help=".npz with an array an input, rows on the first axis")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, required=True, help="for all candidates together")
    parser.add_argument("--output", required=True, help="the output that quality is judged by")
    parser.add_argument("--metric", required=True, help="Agreement or Cosine")
    parser.add_argument("--only", help="a candidate's exact name, and no other is made")
    return parser.parse_args()


def batches(path, inputs, size=8):
    """Feeds of up to `size` rows; `inputs` maps names to shapes, and a fixed first dimension fixes the batch."""
    arrays = np.load(path)
    rows = len(arrays[next(iter(inputs))])
    fixed = [shape[0] for shape in inputs.values() if shape and isinstance(shape[0], int) and shape[0] > 0]
    size = fixed[0] if fixed else size
    return [
        {name: arrays[name][at : at + size] for name in inputs} for at in range(0, rows, size) if at + size <= rows or not fixed
    ]


def quality(metric, found, expected):
    """Mean over rows: the share with the same largest score, or the cosine."""
    found, expected = found.reshape(len(found), -1), expected.reshape(len(expected), -1)
    if metric == "Cosine":
        norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
        return float(np.mean(np.sum(found * expected, axis=1) / np.maximum(norms, 1e-12)))
    return float(np.mean(found.argmax(axis=1) == expected.argmax(axis=1)))


def _wait(pid, deadline):
    """The child's exit status and resources; it is killed at the deadline."""
    timed_out = False
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, usage, timed_out
        if time.monotonic() > deadline and not timed_out:
            os.kill(pid, signal.SIGKILL)
            timed_out = True
        time.sleep(0.01)


def _reason(error):
    line = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {line}"[:200]


def run(candidates, options):
    """Makes each candidate (name → function of the path to write) in a fork of this process, so that none hurts the next."""
    deadline = time.monotonic() + options.seconds
    os.makedirs(options.out, exist_ok=True)
    for index, (what, make) in enumerate(candidates.items()):
        if options.only and what != options.only:
            continue
        if time.monotonic() >= deadline:
            print(json.dumps({"what": what, "failed": "no time left", "seconds": 0}), flush=True)
            continue
        path = os.path.join(os.path.abspath(options.out), f"{index}.onnx")
        reading, writing = os.pipe()
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.dup2(2, 1)  # what libraries print is not for the reader of our lines
                written = make(path) or path
                os.write(writing, json.dumps({"path": written}).encode())
                code = 0
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
                traceback.print_exc()
                os.write(writing, json.dumps({"failed": _reason(error)}).encode())
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(writing)
        status, usage, timed_out = _wait(pid, deadline)
        ready, _, _ = select.select([reading], [], [], 0)
        told = os.read(reading, 65536) if ready else b""
        os.close(reading)
        line = {"what": what, **(json.loads(told) if told else {"failed": f"ended with status {status}"})}
        if timed_out:
            line = {"what": what, "failed": "the time was up"}
        print(json.dumps({**line, "seconds": round(time.monotonic() - started, 3), "peakBytes": usage.ru_maxrss * 1024}), flush=True)
