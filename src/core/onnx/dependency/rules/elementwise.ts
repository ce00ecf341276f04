import { type DependencyRule, type DependencyRules, rulesFor } from '../operation.ts';

const each: DependencyRule = (operation) => {
  operation.through();
};

/** Broadcast operands: a residual Add, the Mul of a gate, PRelu's slope. */
const broadcast: DependencyRule = (operation) => {
  operation.broadcast(operation.node.input.map((_, index) => index));
};

/** What stands beside the first input holds for all of it. */
const first: DependencyRule = (operation) => {
  operation.through();
  for (let index = 1; index < operation.inputs.length; index++) {
    operation.freezeInput(index, `${operation.node.opType} takes it whole`);
  }
};

export const elementwise: DependencyRules = {
  ...rulesFor(
    'Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu',
    each,
  ),
  ...rulesFor(
    'Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow PRelu Sub Sum Where Xor',
    broadcast,
  ),
  ...rulesFor('Clip Dropout', first),
};

/** Of com.microsoft. */
export const contribElementwise: DependencyRules = {
  ...rulesFor('Gelu QuickGelu', each),
  FastGelu: (operation) => {
    operation.through();
    if (operation.has(1)) operation.broadcast([1]);
  },
  BiasGelu: broadcast,
};
