"""Solves multiple-choice knapsack problems with SciPy's HiGHS: a line of JSON in, a line of JSON out."""

import json
import sys
import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


def solve(items, budget):
    costs = np.array([choice["cost"] for item in items for choice in item])
    losses = np.array([choice["loss"] for item in items for choice in item])
    one_each = np.zeros((len(items), len(costs)))
    at = 0
    for row, item in enumerate(items):
        one_each[row, at : at + len(item)] = 1
        at += len(item)
    constraints = [LinearConstraint(one_each, 1, 1), LinearConstraint(costs, -np.inf, budget)]
    found = milp(
        losses, integrality=np.ones_like(costs), bounds=Bounds(0, 1), constraints=constraints, options={"mip_rel_gap": 0}
    )
    return float(found.fun)


for line in sys.stdin:
    problem = json.loads(line)
    started = time.perf_counter()
    loss = solve(problem["items"], problem["budget"])
    print(json.dumps({"loss": loss, "ms": 1000 * (time.perf_counter() - started)}), flush=True)
