"""A file of figures that cannot be written is said once for each cause, and is there once it can."""

import pytest

from hw.linux.textfile import TextFile


@pytest.fixture
def said():
    return []


async def test_each_cause_is_said_once_and_again_when_it_comes_again(tmp_path, said):
    path = tmp_path / "away" / "soundpost.prom"
    file = TextFile(path, said.append)
    for _ in range(3):
        await file.write("x 1\n")
    path.parent.mkdir()
    part = path.with_name("soundpost.prom.part")
    part.mkdir()
    for _ in range(3):
        await file.write("x 2\n")
    part.rmdir()
    await file.write("x 3\n")
    held = path.read_text()
    path.unlink()
    path.parent.rmdir()
    await file.write("x 4\n")

    assert held == "x 3\n"
    assert ["No such file" in why for why in said] == [True, False, True]
    assert "Is a directory" in said[1]
