"""test_1_2_deep_chain: walks the graph by recursion.

Says: "keep a stack of your own"
"""


def backward_order(result):
    order, seen = [], set()

    def walk(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                walk(parent)
            order.append(node)

    walk(result)
    return order[::-1]
