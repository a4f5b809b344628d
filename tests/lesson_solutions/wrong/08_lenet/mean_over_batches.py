"""test_8_6_mean_over_images: the mean of the batches' losses.

Says: "weigh each batch by its images"
"""

import numpy as np

import minitorch
import minitorch.nn.functional as F


def train(model, images, labels, epochs, batch_size, lr):
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        batch_losses = []
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            batch_losses.append(loss.item())
        losses.append(float(np.mean(batch_losses)))
    return losses
