"""test_11_2_by_hand: divides by numbers in place of bytes.

Says: "a float32 has four bytes"
"""

correct = macs_per_byte


def macs_per_byte(batch, in_shape, weight_shape, out_shape):
    return 4 * correct(batch, in_shape, weight_shape, out_shape)
