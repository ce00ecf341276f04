"""Fine-tunes a candidate: its weights learn to answer as the base model does."""

from onnx_jax import Graph
from training import distil, environment, options

if __name__ == "__main__":
    candidate = Graph(environment("RETUNE_CANDIDATE"))
    weights = distil(lambda weights, images: candidate.run(images, weights), candidate.weights(), options(__doc__))
    candidate.save(environment("RETUNE_OUTPUT"), weights)
