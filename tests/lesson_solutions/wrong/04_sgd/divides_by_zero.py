"""test_4_4_constant_column: no case for a column that never varies.

Says: "do not divide by it"
"""


def standardise(train, test):
    return (train - train.mean(axis=0)) / train.std(axis=0), (test - train.mean(axis=0)) / train.std(axis=0)
