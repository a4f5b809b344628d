"""minitorch: a deep-learning engine on NumPy and CuPy that can be read from end to end.

Names, arguments and behaviour are PyTorch's: `minitorch.tensor`, `minitorch.nn`, `minitorch.optim`, ...
"""
