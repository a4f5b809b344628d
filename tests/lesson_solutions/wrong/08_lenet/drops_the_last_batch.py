"""test_8_6_every_image_in_every_epoch: leaves out the last, smaller batch.

Says: "counts too"
"""

import minitorch
import minitorch.nn.functional as F


def train(model, images, labels, epochs, batch_size, lr):
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True, drop_last=True)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    return losses
