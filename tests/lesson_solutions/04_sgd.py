"""Reference solution of the exercises of lesson 4."""

import numpy as np


def momentum_step(parameters, gradients, velocities, lr, momentum):
    for parameter, gradient, velocity in zip(parameters, gradients, velocities):
        velocity *= momentum
        velocity += gradient
        parameter -= lr * velocity


def batches(count, batch_size, random):
    order = random.permutation(count)
    return [order[i : i + batch_size] for i in range(0, count, batch_size)]


def largest_rate(hessian):
    return 2 / np.linalg.eigvalsh(hessian).max()


def standardise(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    std = np.where(std > 0, std, 1)
    return (train - mean) / std, (test - mean) / std


def mlp_gradients(parameters, x, targets):
    w1, b1, w2, b2 = parameters
    rows = np.arange(len(x))
    before = x @ w1.T + b1
    hidden = np.maximum(before, 0)
    scores = hidden @ w2.T + b2
    scores -= scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    of_scores = np.exp(log_p)
    of_scores[rows, targets] -= 1
    of_scores /= len(x)
    of_before = (of_scores @ w2) * (before > 0)
    gradients = [of_before.T @ x, of_before.sum(axis=0), of_scores.T @ hidden, of_scores.sum(axis=0)]
    return -log_p[rows, targets].mean(), gradients


def train_mlp(x, targets, seed):
    random = np.random.default_rng(seed)
    parameters = [random.normal(size=(64, 64)) * np.sqrt(2 / 64), np.zeros(64),
                  random.normal(size=(10, 64)) * np.sqrt(2 / 64), np.zeros(10)]
    velocities = [np.zeros_like(p) for p in parameters]
    for _ in range(12):
        for batch in batches(len(x), 32, random):
            gradients = mlp_gradients(parameters, x[batch], targets[batch])[1]
            momentum_step(parameters, gradients, velocities, lr=0.05, momentum=0.9)
    w1, b1, w2, b2 = parameters
    return lambda x: (np.maximum(x @ w1.T + b1, 0) @ w2.T + b2).argmax(axis=1)
