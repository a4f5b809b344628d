"""LeNet-5's training step in other small engines, where they are installed: ``pip install dezero tinygrad``.

Each function takes the state of `minitorch.models.lenet5` as NumPy arrays, images (N, 1, 28, 28) and labels, and
gives a step (forward, backward, SGD with momentum) that returns its loss as a number. tinygrad runs a compiled step; it
needs clang.
"""

import numpy as np

LR, MOMENTUM = 0.01, 0.9


def dezero(state, images, labels):
    np.int = int  # DeZero 0.0.13 reads the name at import; NumPy dropped it in 1.24
    import dezero
    import dezero.functions as F
    import dezero.layers as L

    class LeNet5(dezero.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = L.Conv2d(6, 5, pad=2), L.Conv2d(16, 5)
            self.hidden, self.narrow, self.scores = L.Linear(120), L.Linear(84), L.Linear(10)

        def forward(self, x):
            x = F.pooling(F.relu(self.first(x)), 2, 2)
            x = F.pooling(F.relu(self.second(x)), 2, 2)
            x = F.reshape(x, (len(x), -1))
            return self.scores(F.relu(self.narrow(F.relu(self.hidden(x)))))

    model = LeNet5()
    model(images[:1])  # makes the weights
    layers = (model.first, model.second, model.hidden, model.narrow, model.scores)
    for layer, (weight, bias) in zip(layers, _pairs(state)):
        layer.W.data[...] = weight if weight.ndim == 4 else weight.T
        layer.b.data[...] = bias
    optimizer = dezero.optimizers.MomentumSGD(LR, MOMENTUM).setup(model)

    def step():
        loss = F.softmax_cross_entropy(model(images), labels)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return float(loss.data)

    return step


def tinygrad(state, images, labels):
    from tinygrad import Tensor, TinyJit, nn

    layers = [nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)]
    layers += [nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)]
    for layer, (weight, bias) in zip(layers, _pairs(state)):
        layer.weight, layer.bias = Tensor(weight), Tensor(bias)
    first, second, hidden, narrow, scores = layers
    optimizer = nn.optim.SGD(nn.state.get_parameters(layers), LR, MOMENTUM)
    x, y = Tensor(images).realize(), Tensor(labels).realize()

    @TinyJit
    def run():
        with Tensor.train():
            optimizer.zero_grad()
            maps = second(first(x).relu().max_pool2d()).relu().max_pool2d()
            loss = scores(narrow(hidden(maps.flatten(1)).relu()).relu()).sparse_categorical_crossentropy(y)
            loss.backward()
            optimizer.step()
            return loss.realize()

    return lambda: run().item()


def _pairs(state):
    """(weight, bias) of the layers, in order."""
    arrays = list(state.values())
    return zip(arrays[::2], arrays[1::2])


ENGINES = {"DeZero": dezero, "tinygrad": tinygrad}
