"""test_1_2_unequal_ways: notes a node when it is reached first, not when all its users are done.

Says: "a node comes after all that was computed from it"
"""


def backward_order(result):
    order, seen, stack = [], {result}, [result]
    while stack:
        order.append(stack.pop(0))
        for parent in order[-1].parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return order
