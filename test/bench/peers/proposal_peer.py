"""A batch of proposals of Optuna after many trials: sampler, trials, batch, seed. Prints what proposal-child.ts prints."""
import json
import random
import resource
import sys
import time

import optuna
from optuna.distributions import CategoricalDistribution as Choice

optuna.logging.set_verbosity(optuna.logging.ERROR)
name, trials, batch, seed = sys.argv[1], *map(int, sys.argv[2:5])
space = {f"dimension{i}": Choice([0, 20, 40, 60, 80, 100]) for i in range(12)}
space |= {"precision": Choice(["FP32", "FP16", "INT8Static", "INT8Dynamic"]), "threads": Choice([1, 2])}
precisions = list(space["precision"].choices)


def evaluate(chosen):
    shares = [chosen[f"dimension{i}"] / 100 for i in range(12)]
    loss = 0.02 + sum((0.02 + 0.002 * i) * (1 - share) ** 2 for i, share in enumerate(shares))
    ms = 2 + sum((1 + (7 * i) % 5) * share for i, share in enumerate(shares))
    place = precisions.index(chosen["precision"])
    return loss + 0.004 * place, ms * (1 - 0.15 * place) / chosen["threads"] ** 0.5


rng = random.Random(seed)
sampler = optuna.samplers.TPESampler(seed=seed) if name == "tpe" else optuna.samplers.NSGAIISampler(seed=seed)
study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
for _ in range(trials):
    chosen = {key: rng.choice(one.choices) for key, one in space.items()}
    study.add_trial(optuna.trial.create_trial(params=chosen, distributions=space, values=evaluate(chosen)))
resting = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
cpu, start = time.process_time(), time.perf_counter()
asked = [study.ask(space) for _ in range(batch)]
ms, cpu_ms = 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"proposed": len(asked), "ms": ms, "cpuMs": cpu_ms, "restingBytes": resting, "peakBytes": peak}))
