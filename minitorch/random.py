"""Random numbers: one seeded generator for everything that draws, and `manual_seed` to set it."""

import numpy as np


class Generator:
    """A stream of random numbers that can be seeded, saved and restored.

    Initialisation, dropout, shuffling and `minitorch.rand` draw from `default_generator` unless they are given
    another one, so that a seed fixes a whole run. The stream is NumPy's PCG64; the numbers are not PyTorch's.
    """

    def __init__(self, seed=None):
        self.manual_seed(np.random.SeedSequence().entropy % 2**63 if seed is None else seed)

    def manual_seed(self, seed):
        """Start the stream anew from an integer seed. Returns the generator."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"manual_seed: expected an integer, got {type(seed).__name__}")
        self._seed = int(seed)
        self.numpy = np.random.Generator(np.random.PCG64(self._seed % 2**64))
        return self

    def seed(self):
        """Start from a seed drawn from the system, and return it."""
        return self.manual_seed(np.random.SeedSequence().entropy % 2**63).initial_seed()

    def initial_seed(self):
        """The seed that the stream started from."""
        return self._seed

    def get_state(self):
        """The position in the stream, a dictionary that JSON can hold."""
        return {"seed": self._seed, "stream": self.numpy.bit_generator.state}

    def set_state(self, state):
        """Go on from a position that `get_state` gave."""
        try:
            seed, stream = int(state["seed"]), state["stream"]
            numpy = np.random.Generator(np.random.PCG64())
            numpy.bit_generator.state = stream
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"set_state: this is not a state that get_state returned ({error})") from error
        self._seed, self.numpy = seed, numpy


default_generator = Generator()


def stream_of(generator):
    """The NumPy generator to draw from: of a `Generator`, or for None of the default one.

    Raises:
        TypeError: something else.
    """
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"generator must be a minitorch.Generator or None, got {type(generator).__name__}")
    return (default_generator if generator is None else generator).numpy


def manual_seed(seed):
    """Seed the default generator, from which everything draws that is not given its own. Returns it."""
    return default_generator.manual_seed(seed)


def initial_seed():
    """The seed of the default generator."""
    return default_generator.initial_seed()
