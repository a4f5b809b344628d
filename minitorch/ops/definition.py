"""Second derivatives of operations whose backward is one kernel: through the formula that they are defined by."""

from minitorch.autograd import grad as gradients


def through_definition(definition, inputs, needs, grad):
    """The gradients of `definition(*inputs)`, with a graph; None where none is needed.

    By way of copies, for the inputs may depend on each other.

    Args:
        definition: a function of the inputs in differentiable operations.
        inputs: tensors or None.
        needs: for each input whether its gradient is wanted.
        grad: the gradient of the result.
    """
    copies = [None if x is None else x.clone() for x in inputs]
    wanted = [i for i, needed in enumerate(needs) if needed]
    found = gradients([definition(*copies)], [copies[i] for i in wanted], grad, create_graph=True)
    found = dict(zip(wanted, found))
    return tuple(found.get(i) for i in range(len(copies)))
