"""test_8_6_gradients_do_not_pile_up: forgets zero_grad.

Says: "zero_grad is missing"
"""

import minitorch
import minitorch.nn.functional as F


def train(model, images, labels, epochs, batch_size, lr):
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / len(images))
    return losses
