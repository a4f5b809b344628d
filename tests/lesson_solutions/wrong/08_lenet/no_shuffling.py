"""test_8_6_every_image_in_every_epoch: the same order in each epoch.

Says: "shuffle them anew"
"""

import minitorch
import minitorch.nn.functional as F


def train(model, images, labels, epochs, batch_size, lr):
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / len(images))
    return losses
