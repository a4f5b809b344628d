"""README.md tells the truth: its Python runs, and the files that it names are there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


def test_python_blocks_run():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert blocks
    result = subprocess.run([sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr


def test_named_files_exist():
    for name in re.findall(r"\]\(([\w/.]+)\)", TEXT):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", TEXT):
        places = [ROOT / name, ROOT / "minitorch" / name, ROOT / "minitorch" / "kernels" / name]
        assert any(place.exists() for place in places), name


def test_two_commands_make_their_own_environment():
    commands = [line for line in TEXT.splitlines() if line.startswith("python3 -m venv .venv && ")]
    assert len(commands) == 2
    for command in commands:
        script = command.split(".venv/bin/python ")[-1]
        assert script == "-m pytest" or (ROOT / script).exists()
