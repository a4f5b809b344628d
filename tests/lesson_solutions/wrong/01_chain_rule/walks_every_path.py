"""test_1_2_each_node_is_visited_once: right, but walks each path of the graph and removes doubles afterwards.

Says: "remember which nodes"
"""


def backward_order(result):
    def walk(node):
        for parent in node.parents:
            yield from walk(parent)
        yield node

    return list(dict.fromkeys(walk(result)))[::-1]
