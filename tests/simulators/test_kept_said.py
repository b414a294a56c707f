"""What voices said of what was left out is kept, and never taken for another's."""

import numpy as np

from simulators.training.kept_said import keep_said, name_of, read_said

SAID = (np.array([0.5, -2.0]), np.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]))


def test_what_is_kept_is_read_again(tmp_path):
    keep_said(tmp_path / "new" / "it.npz", SAID)

    found = read_said(tmp_path / "new" / "it.npz")
    assert found is not None
    assert all((one == other).all() for one, other in zip(found, SAID, strict=True))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["it.npz"]


def test_what_is_not_there_or_cut_is_not_kept(tmp_path):
    keep_said(tmp_path / "it.npz", SAID)
    whole = (tmp_path / "it.npz").read_bytes()
    (tmp_path / "it.npz").write_bytes(whole[: len(whole) // 2])

    assert read_said(tmp_path / "it.npz") is None
    assert read_said(tmp_path / "none.npz") is None


def test_another_task_has_another_name():
    one, other = np.zeros((2, 3)), np.zeros((3, 2))
    changed = one.copy()
    changed[1, 2] = 1e-9

    names = {name_of(each) for each in ((one,), (other,), (changed,), (one.astype(np.float32),), (one, one))}
    assert len(names) == 5
    assert name_of((one,)) == name_of((one.copy(),))
