"""ONNX graphs as exporters of training frameworks lay them out, for the scripts in these folders.

Every node and every weight has a name, so that what a search reports can be found again.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 9


class Graph:
    """Nodes and weights in the order they are added. Each method returns the name of what it computes."""

    def __init__(self):
        self.nodes, self.weights = [], {}

    def node(self, operator, name, inputs, output=None, **attributes):
        output = output or f"{name}.output"
        self.nodes.append(helper.make_node(operator, inputs, [output], name, **attributes))
        return output

    def weight(self, name, value, dtype=np.float32):
        self.weights[name] = np.asarray(value, dtype)
        return name

    def integers(self, name, values):
        """A constant of int64, such as the shape that a Reshape takes."""
        return self.weight(name, values, np.int64)

    def linear(self, name, x, weights):
        """x [..., in] times weights[name.weight] [in, out], plus its bias: MatMul and Add, as PyTorch exports it."""
        product = self.node("MatMul", f"{name}.matmul", [x, self.weight(f"{name}.weight", weights[f"{name}.weight"])])
        return self.node("Add", f"{name}.add", [product, self.weight(f"{name}.bias", weights[f"{name}.bias"])])

    def layer_norm(self, name, x, weights, epsilon):
        scale, bias = (self.weight(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("scale", "bias"))
        return self.node("LayerNormalization", name, [x, scale, bias], axis=-1, epsilon=epsilon)

    def gelu(self, name, x):
        """x * (1 + erf(x / sqrt 2)) / 2, in the five operators that PyTorch writes for it."""
        scaled = self.node("Div", f"{name}.div", [x, self.weight(f"{name}.sqrt2", np.sqrt(2))])
        shifted = self.node("Add", f"{name}.add", [self.node("Erf", f"{name}.erf", [scaled]), self.weight(f"{name}.one", 1)])
        product = self.node("Mul", f"{name}.mul", [x, shifted])
        return self.node("Mul", f"{name}.half", [product, self.weight(f"{name}.factor", 0.5)])

    def to_heads(self, name, x, heads, width, order):
        """x [N, S, heads * width] as [N, heads, S, width], or in another order of these axes."""
        parted = self.node("Reshape", f"{name}.reshape", [x, self.integers(f"{name}.heads", [0, 0, heads, width])])
        return self.node("Transpose", f"{name}.transpose", [parted], perm=order)

    def from_heads(self, name, x, width):
        """x [N, heads, S, d] as [N, S, width]."""
        turned = self.node("Transpose", f"{name}.transpose", [x], perm=[0, 2, 1, 3])
        return self.node("Reshape", f"{name}.reshape", [turned, self.integers(f"{name}.merged", [0, 0, width])])

    def model(self, name, inputs, outputs):
        """The checked model. inputs and outputs: name -> (TensorProto type, shape with names for open sizes)."""
        values = lambda described: [helper.make_tensor_value_info(n, *of) for n, of in described.items()]
        tensors = [numpy_helper.from_array(value, weight) for weight, value in self.weights.items()]
        graph = helper.make_graph(self.nodes, name, values(inputs), values(outputs), tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "retune-examples"
        onnx.checker.check_model(model, full_check=True)
        return model


FLOAT, INT64, UINT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8
