"""What lessons share: the quick mode, the folder of pictures, pictures that a notebook shows."""

import importlib.util
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

FILE = Path(__file__).parents[2] / "lessons" / "classroom.py"


@pytest.fixture
def classroom(monkeypatch, tmp_path):
    """A function that loads the module anew, with arguments of the command line."""

    def load(*arguments, output=tmp_path / "new" / "output"):
        monkeypatch.setattr("sys.argv", ["lesson.py", *arguments])
        monkeypatch.setenv("MINITORCH_LESSON_OUTPUT", str(output or ""))
        spec = importlib.util.spec_from_file_location("classroom", FILE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    with matplotlib.rc_context():
        yield load


def test_quick_mode(classroom, capsys):
    assert not classroom().QUICK and not classroom("-f", "kernel.json").QUICK  # Jupyter's own arguments
    assert capsys.readouterr().out == ""
    assert classroom("--quick").QUICK and "quick mode" in capsys.readouterr().out


def test_pictures_lie_beside_the_lessons(classroom):
    chosen = classroom(output=None).OUTPUT
    assert chosen == FILE.parent / "output"


def test_a_saved_picture_is_shown_by_a_notebook(classroom, tmp_path):
    module = classroom()
    figure, axes = module.subplots(1, 2)
    axes[0].plot([0, 1])
    module.image(axes[1], np.eye(3), "three")
    assert axes[1].get_title() == "three" and len(axes[1].get_xticks()) == 0
    picture = module.save(figure, "01_x")
    path = tmp_path / "new" / "output" / "01_x.png"
    assert picture._repr_png_() == path.read_bytes() and repr(picture) == "Picture('01_x.png')"
    with Image.open(path) as written:
        assert written.size == (1200, 650)
