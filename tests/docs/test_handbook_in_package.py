"""A package brings the handbook that was built, and does without one that was not."""

import zipfile

import pytest

from deploy.package import tree
from deploy.package.targets import DEBIANS, GATEWAY


def wheel(folder):
    """The least that a package may carry."""
    path = folder / "least-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("least.py", "")
        file.writestr(
            "least-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: least\nVersion: 1\nLicense: CC0-1.0\n"
        )
        file.writestr("least-1.dist-info/RECORD", "")
    return path


@pytest.mark.parametrize("is_built", [True, False])
def test_a_package_has_the_handbook_where_it_was_built(tmp_path, monkeypatch, is_built):
    monkeypatch.setattr(tree, "HANDBOOK", tmp_path / "handbook")
    if is_built:
        (tmp_path / "handbook/how-to").mkdir(parents=True)
        (tmp_path / "handbook/how-to/keys.html").write_text("Keys")
    tree.lay(tmp_path / "stage", GATEWAY, DEBIANS[12], "0.1", [wheel(tmp_path)], [])
    documents = tmp_path / "stage/usr/share/doc/soundpost-gateway"

    assert (documents / "how-to/keys.md").exists()
    assert (documents / "handbook/how-to/keys.html").exists() == is_built
    assert (documents / "handbook").exists() == is_built
