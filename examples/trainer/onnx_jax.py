"""Computes an ONNX graph with JAX, so that its weights can be trained: the operators of small image classifiers, and
those of 8-bit integers, reckoned in floating point with straight-through gradients (Bengio et al. 2013; Jacob et al. 2018).
"""

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import helper, numpy_helper

LAYERS = ("Conv", "Gemm", "MatMul")


class Graph:
    """A model's nodes in order, and its constants by name."""

    def __init__(self, path):
        self.model = onnx.load(path)
        self.nodes = list(self.model.graph.node)
        self.constants = {each.name: numpy_helper.to_array(each) for each in self.model.graph.initializer}
        self.input = next(each.name for each in self.model.graph.input if each.name not in self.constants)
        self.output = self.model.graph.output[0].name

    def weights(self):
        """The floating-point weights and biases of all layers, by the names of their initializers."""
        names = {name for node in self.nodes if node.op_type in LAYERS for name in node.input}
        return {name: self.constants[name] for name in sorted(names) if self.is_float(name)}

    def is_float(self, name):
        return name in self.constants and self.constants[name].dtype == np.float32

    def run(self, x, known):
        """The output for a batch; `known` stands in for the constants of these names."""
        values = {**self.constants, self.input: x, **known}
        for node in self.nodes:
            if node.op_type not in OPERATORS:
                raise SystemExit(f"this example knows no {node.op_type}: add it to OPERATORS in onnx_jax.py")
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            inputs = [values[name] if name else None for name in node.input]
            values[node.output[0]] = OPERATORS[node.op_type](attributes, *inputs)
        return values[self.output]

    def save(self, path, changed):
        """Writes the model with other values for the constants of these names; shapes and types stay."""
        for initializer in self.model.graph.initializer:
            if initializer.name in changed:
                before = self.constants[initializer.name]
                value = np.asarray(changed[initializer.name], before.dtype).reshape(before.shape)
                initializer.CopyFrom(numpy_helper.from_array(value, initializer.name))
        onnx.save(self.model, path)


def round_through(x):
    """Rounds to even as ONNX does; the gradient passes as if it had not."""
    return x + jax.lax.stop_gradient(jnp.round(x) - x)


def _along(x, value, axis):
    """A scale or zero point for each entry of an axis, or one for all."""
    value = jnp.asarray(value, jnp.float32)
    return value if value.ndim == 0 or value.size == 1 else value.reshape([-1 if i == axis else 1 for i in range(x.ndim)])


def _quantize(attributes, x, scale, zero):
    limits, axis = np.iinfo(zero.dtype), attributes.get("axis", 1)
    steps = round_through(x / _along(x, scale, axis)) + _along(x, zero, axis)
    return jnp.clip(steps, limits.min, limits.max)


def _dequantize(attributes, x, scale, zero=0):
    x, axis = jnp.asarray(x, jnp.float32), attributes.get("axis", 1)
    return (x - _along(x, zero, axis)) * _along(x, scale, axis)


def _real(codes, scale, zero, axis=1):
    return _dequantize({"axis": axis}, codes, scale, 0 if zero is None else zero)


def _qlinear_conv(attributes, x, x_scale, x_zero, weight, scale, zero, y_scale, y_zero, bias=None):
    y = _conv(attributes, _real(x, x_scale, x_zero), _real(weight, scale, zero, 0))
    if bias is not None:
        y = y + _along(y, jnp.asarray(bias, jnp.float32) * x_scale * scale, 1)
    return _quantize({}, y, y_scale, y_zero)


def _qlinear_add(_, a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
    return _quantize({}, _real(a, a_scale, a_zero) + _real(b, b_scale, b_zero), y_scale, y_zero)


def _qlinear_pool(_, x, x_scale, x_zero, y_scale, y_zero):
    return _quantize({}, _real(x, x_scale, x_zero).mean(tuple(range(2, x.ndim)), keepdims=True), y_scale, y_zero)


def _integer_product(_, a, b, a_scale, b_scale, a_zero=None, b_zero=None, bias=0):
    return _real(a, a_scale, a_zero) @ _real(b, b_scale, b_zero) + bias


def _conv(attributes, x, weight, bias=None):
    spatial = weight.ndim - 2
    pads = attributes.get("pads", [0] * 2 * spatial)
    y = jax.lax.conv_general_dilated(
        x,
        weight,
        attributes.get("strides", [1] * spatial),
        list(zip(pads[:spatial], pads[spatial:])),
        rhs_dilation=attributes.get("dilations", [1] * spatial),
        feature_group_count=attributes.get("group", 1),
    )
    return y if bias is None else y + bias.reshape(-1, *[1] * spatial)


def _gemm(attributes, a, b, c=0):
    a = a.T if attributes.get("transA") else a
    b = b.T if attributes.get("transB") else b
    return attributes.get("alpha", 1.0) * (a @ b) + attributes.get("beta", 1.0) * c


OPERATORS = {
    "Add": lambda _, a, b: a + b,
    "Cast": lambda attributes, x: jnp.asarray(x, helper.tensor_dtype_to_np_dtype(attributes["to"])),
    "Clip": lambda _, x, low=-jnp.inf, high=jnp.inf: jnp.clip(x, low, high),
    "Conv": _conv,
    "DequantizeLinear": _dequantize,
    "Flatten": lambda attributes, x: x.reshape(int(np.prod(x.shape[: attributes.get("axis", 1)])), -1),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, x: x.mean(tuple(range(2, x.ndim)), keepdims=True),
    "HardSigmoid": lambda attributes, x: jnp.clip(attributes.get("alpha", 0.2) * x + attributes.get("beta", 0.5), 0, 1),
    "HardSwish": lambda _, x: x * jnp.clip(x / 6 + 0.5, 0, 1),
    "Identity": lambda _, x: x,
    "MatMul": lambda _, a, b: a @ b,
    "MatMulIntegerToFloat": _integer_product,
    "Mul": lambda _, a, b: a * b,
    "QLinearAdd": _qlinear_add,
    "QLinearConv": _qlinear_conv,
    "QLinearGlobalAveragePool": _qlinear_pool,
    "QuantizeLinear": _quantize,
    "Relu": lambda _, x: jax.nn.relu(x),
    "Sigmoid": lambda _, x: jax.nn.sigmoid(x),
    "Sub": lambda _, a, b: a - b,
}
