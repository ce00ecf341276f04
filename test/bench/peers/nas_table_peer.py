"""NSGA-II of pymoo and of Optuna on a table of architectures: prints, for each, the indices that every run evaluated."""

import json
import sys

import numpy as np
import optuna
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import ElementwiseProblem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling

with open(sys.argv[1]) as file:
    table = json.load(file)
operators, budget = table["operators"], table["budget"]
places = len(table["ops"][0])
index = {ops: i for i, ops in enumerate(table["ops"])}
worst = [max(point[axis] for point in table["points"]) for axis in (0, 1)]


class Evaluations:
    """Looks architectures up, and keeps the distinct ones in the order that they were asked for."""

    def __init__(self):
        self.made = {}
        self.asked = 0

    def __call__(self, digits):
        self.asked += 1
        found = index.get("".join(operators[int(digit)] for digit in digits))
        if found is None:
            return worst
        self.made.setdefault(found)
        return table["points"][found]

    def done(self):
        return len(self.made) >= budget or self.asked >= 4 * budget


def pymoo(seed):
    evaluations = Evaluations()

    class Search(ElementwiseProblem):
        def __init__(self):
            super().__init__(n_var=places, n_obj=2, xl=0, xu=len(operators) - 1, vtype=int)

        def _evaluate(self, x, out, *_args, **_kwargs):
            out["F"] = np.array(evaluations(x))

    algorithm = NSGA2(
        pop_size=20,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    algorithm.setup(Search(), seed=seed, termination=("n_gen", 4 * budget))
    while algorithm.has_next() and not evaluations.done():
        algorithm.next()
    return list(evaluations.made)[:budget]


def optuna_nsga2(seed):
    evaluations = Evaluations()

    def objective(trial):
        digits = [
            trial.suggest_categorical(f"edge{place}", list(range(len(operators)))) for place in range(places)
        ]
        return tuple(evaluations(digits))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.NSGAIISampler(population_size=20, seed=seed)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=4 * budget, callbacks=[lambda s, _: s.stop() if evaluations.done() else None])
    return list(evaluations.made)[:budget]


seeds = range(1, table["seeds"] + 1)
print(json.dumps({"pymooNsga2": [pymoo(seed) for seed in seeds], "optunaNsga2": [optuna_nsga2(seed) for seed in seeds]}))
