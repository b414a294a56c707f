"""The picture of a camera that is not there: a street all round that moves with pan, tilt and zoom, and the time on it.

Each picture also says in blocks of black and white, which outlive the coding, when it was taken and where the camera
looked: `read` gets that back from a decoded frame, so that a test need not trust its eyes. Values in, values out.
"""

import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Planes = NDArray[np.uint8]
CELLS = 64
PAN_UNIT_DEG = 0.02
"""What pan and tilt are told in: a signed 16 bit number of these reaches 655 degrees."""
BLACK, WHITE = 16, 235
"""Luma of black and white in limited range, as video has it."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where a camera looks: degrees, zoom 0 (wide) to 1, and how wide its picture is."""

    pan_deg: float = 0.0
    tilt_deg: float = 0.0
    zoom: float = 0.0
    width_deg: float = 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a picture says of itself. pan and tilt to 0.02 degrees, zoom to 1/65535, t_us to the millisecond."""

    t_us: int
    pan_deg: float
    tilt_deg: float
    zoom: float


def draw(look: Look, t_us: int, width: int, height: int) -> Planes:
    """A picture as yuv420p, (height * 3 / 2, width) uint8. width a multiple of 64, height of 4, and at least 128."""
    if width % CELLS or height % 4 or min(width, height) < 128:
        raise ValueError(f"a picture of {width} x {height}: width must be a multiple of 64, height of 4, at least 128")
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = _street(look, width, height)
    _write(planes[:height], look, t_us)
    rows = height // 24
    planes[:rows] = _blocks(_time_bits(t_us), width)
    planes[rows : 2 * rows] = _blocks(_look_bits(look), width)
    return planes


def read(luma: Planes) -> Told | None:
    """What a decoded picture (height, width) says of itself; None where it cannot be read."""
    rows, cell = luma.shape[0] // 24, luma.shape[1] // CELLS
    when, where = (_bytes(luma[top : top + rows], cell) for top in (0, rows))
    if when is None or where is None:
        return None
    pan, tilt, zoom = struct.unpack(">hhH", where)
    return Told(int.from_bytes(when) * 1000, pan * PAN_UNIT_DEG, tilt * PAN_UNIT_DEG, zoom / 65535)


def _street(look: Look, width: int, height: int) -> Planes:
    """Sky, houses of the heights that they have in their direction, and the road; a line each ten degrees."""
    azimuth = look.pan_deg + (np.arange(width) / width - 0.5) * look.width_deg
    step_deg = look.width_deg / width
    elevation = look.tilt_deg + (0.5 - np.arange(height) / height) * step_deg * height
    column = (np.floor(azimuth * 10).astype(int)) % 3600
    roofs, shades = _houses()
    sky = np.clip(150 + elevation, 90, 230).astype(np.uint8)[:, None]
    road = np.clip(70 + elevation, 30, 90).astype(np.uint8)[:, None]
    up, roof = elevation[:, None], roofs[column][None, :]
    luma = np.where(up < 0, road, np.where(up < roof, shades[column][None, :], sky)).astype(np.uint8)
    luma[:, np.abs((azimuth + 5) % 10 - 5) < step_deg] = 200
    luma[np.abs((elevation + 5) % 10 - 5) < step_deg / 2, :] = 200
    return luma


@cache
def _houses() -> tuple[NDArray[np.float64], Planes]:
    """Height in degrees and shade of the houses, each tenth of a degree round; the same at each start."""
    dice = np.random.default_rng(14)
    wide = dice.integers(40, 120, 80)
    roofs, shades = dice.uniform(3, 16, 80), dice.integers(60, 190, 80)
    return np.repeat(roofs, wide)[:3600], np.repeat(shades, wide)[:3600].astype(np.uint8)


def _write(luma: Planes, look: Look, t_us: int) -> None:
    """The same in words, at the foot, and a cross in the middle."""
    height, width = luma.shape
    band = max(16, height // 16)
    when = f"{datetime.fromtimestamp(t_us / 1e6, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    words = f"{when}  pan {look.pan_deg:+.1f}  tilt {look.tilt_deg:+.1f}  zoom {look.zoom:.2f}"
    foot = Image.new("L", (width, band), BLACK)
    ImageDraw.Draw(foot).text((6, 1), words, fill=WHITE, font=_font(min(band - 3, width // 32)))
    luma[height - band :] = np.asarray(foot)
    y, x, arm = height // 2, width // 2, height // 20
    luma[y - 1 : y + 1, x - arm : x + arm] = luma[y - arm : y + arm, x - 1 : x + 1] = WHITE


@cache
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _time_bits(t_us: int) -> bytes:
    return _sealed((t_us // 1000).to_bytes(6))


def _look_bits(look: Look) -> bytes:
    pan, tilt = (round(angle / PAN_UNIT_DEG) for angle in (look.pan_deg, look.tilt_deg))
    return _sealed(struct.pack(">hhH", pan, tilt, round(look.zoom * 65535)))


def _sealed(told: bytes) -> bytes:
    return told + binascii.crc_hqx(told, 0xFFFF).to_bytes(2)


def _blocks(told: bytes, width: int) -> Planes:
    bits = np.unpackbits(np.frombuffer(told, np.uint8))
    return np.repeat(np.where(bits, WHITE, BLACK).astype(np.uint8), width // CELLS)[None, :]


def _bytes(rows: Planes, cell: int) -> bytes | None:
    middle = rows[rows.shape[0] // 4 : -rows.shape[0] // 4 or None]
    means = middle[:, : CELLS * cell].reshape(len(middle), CELLS, cell).mean(axis=(0, 2))
    told = np.packbits(means > (BLACK + WHITE) / 2).tobytes()
    return told[:6] if _sealed(told[:6]) == told else None
