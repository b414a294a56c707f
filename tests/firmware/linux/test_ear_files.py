"""The wide ear's file on a node: absent, unfit, and right."""

import hashlib
import io

import numpy as np
import pytest

from dsp.hearing.wide_ear import VERSION, Layout
from firmware.linux.ear_files import WIDE_EAR, wide_ear


def small():
    """A file's content and its layout."""
    shapes = Layout("", ((2, 2), (3, 2)), 4).shapes()
    file = io.BytesIO()
    np.savez(
        file,
        **{name: np.full(shape, VERSION if name == "version" else 0.1, np.float32) for name, shape in shapes.items()},
    )
    return file.getvalue(), Layout(hashlib.sha256(file.getvalue()).hexdigest(), ((2, 2), (3, 2)), 4)


def test_a_node_without_the_file_does_without():
    assert WIDE_EAR.name == "wide_ear.npz"
    assert wide_ear(WIDE_EAR.with_name("no such file.npz")) is None


def test_a_file_that_fits_hears(tmp_path):
    content, layout = small()
    (tmp_path / "small.npz").write_bytes(content)
    scores, embedding = wide_ear(tmp_path / "small.npz", layout).hear(np.zeros(15_600, np.float32))

    assert scores.shape == (4,) and embedding.shape == (3,)


@pytest.mark.parametrize("spoil", [lambda content: b"", lambda content: content[:-1], lambda content: content + b"\n"])
def test_a_file_that_does_not_fit_is_named_with_the_reason_in_a_line(tmp_path, spoil):
    content, layout = small()
    path = tmp_path / "small.npz"
    path.write_bytes(spoil(content))
    with pytest.raises(ValueError) as refusal:
        wide_ear(path, layout)
    said = str(refusal.value)

    assert said.startswith(f"{path}: ") and "cut, changed or of another version" in said and "\n" not in said


def test_a_folder_in_its_place_is_the_disks_error(tmp_path):
    with pytest.raises(OSError):
        wide_ear(tmp_path)
