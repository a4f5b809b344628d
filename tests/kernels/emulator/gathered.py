"""Many small texts in one .cu file: compiling a file takes its time however little is in it."""

import re


def gather(sources):
    """One text in which each source has a namespace, and its kernel a number; returns it and the first lines.

    Args:
        sources: a list of .cu texts, each with a kernel that is called ``kernel``.

    Returns:
        the text, and for each source the number of the line before its first. The kernel of source i is ``kernel_i``.
    """
    text, before = "", []
    for i, source in enumerate(sources):
        text += f"namespace source_{i}_ {{\n"
        before.append(text.count("\n"))
        text += re.sub(r"\bkernel\b(?=\()", f"kernel_{i}", source.rstrip("\n"))
        text += "".join(f"\n#undef {name}" for name in re.findall(r"(?m)^#define (\w+)", source))
        text += f"\n}}\nusing namespace source_{i}_;\n"
    return text, before
