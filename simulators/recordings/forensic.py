"""Importer of forensic WAVs: a folder of sounds of one incident, each with an `smj0` RIFF chunk.

The chunk is zlib-compressed JSON (its schema lies beside the data): UTC of the first sample in steps of 1 ms, position
of the sensor, weather, full scale. RIFF: a 12-byte head, then chunks of a four-letter name, a 32-bit little-endian
length and the bytes, padded to even. Nothing here is trusted: lengths, the expansion of the zlib stream and every
field are bounded.
"""

import struct
import zlib
from pathlib import Path
from statistics import fmean
from typing import Annotated, BinaryIO

from pydantic import AfterValidator, Field

from dsp.air import Air, wind_from
from dsp.geodesy import Site
from hw.linux.audio_file import audio_shape
from simulators.recordings.recording import FOREIGN, Recording, Track, name_of, track_of
from simulators.tables import (
    AzimuthDeg,
    HeightM,
    HumidityPct,
    LatDeg,
    LonDeg,
    Patient,
    TemperatureC,
    Utc,
    WindMps,
    check_json,
    within,
)

STEP_SIGMA_US = 289  # start times come in steps of 1 ms: 1000 / sqrt(12); the chunk states no clock error
MAX_CHUNKS = 256
MAX_PACKED_BYTES = 256 * 1024  # the real ones have 600
MAX_JSON_BYTES = 1024 * 1024


class _Geolocation(Patient):
    latitude: LatDeg
    longitude: LonDeg
    elevation: HeightM


class _Weather(Patient):
    temperature: TemperatureC | None = None
    relativeHumidity: HumidityPct | None = None
    speed: WindMps | None = None
    direction: AzimuthDeg | None = None

    def air(self) -> Air:
        """What the station did not say is taken as `Air`'s own: 20 C, 50 %, no wind."""
        still = Air()
        return Air(
            temperature_c=still.temperature_c if self.temperature is None else self.temperature,
            humidity_pct=still.humidity_pct if self.relativeHumidity is None else self.relativeHumidity,
            wind_en_mps=wind_from(self.speed or 0.0, self.direction or 0.0),
        )


class _Transducer(Patient):
    channel: Annotated[int, AfterValidator(within(0, 255))] = 0
    fullScale: Annotated[float, AfterValidator(within(0, 250, "dB"))] | None = None


class _Sheet(Patient):
    serialNumber: str = Field(min_length=1, max_length=32)
    startTimeUTC: Utc
    geolocation: _Geolocation
    weather: _Weather = _Weather()
    transducers: tuple[_Transducer, ...] = ()


def is_incident(folder: Path) -> bool:
    """Whether a WAV of this folder itself has an smj0 chunk."""
    return any(_has_sheet(path) for path in _waves(folder))


def read_incident(folder: Path) -> Recording:
    """The WAVs of one incident, in metres round the sensors' centroid.

    Raises ValueError or OSError naming the file at fault.
    """
    sheets = [(path, _read_sheet(path)) for path in _waves(folder)]
    places = [sheet.geolocation for _, sheet in sheets]
    site = Site(
        fmean(place.latitude for place in places),
        fmean(place.longitude for place in places),
        fmean(place.elevation for place in places),
    )
    tracks = tuple(_track(path, sheet, site) for path, sheet in sheets)
    return Recording(source=name_of(folder), tracks=tracks, air=sheets[0][1].weather.air(), site=site)


def full_scale_of(path: Path) -> float | None:
    """dB SPL of full scale that a sound file's `smj0` chunk states; None where it has no such chunk that can be read.

    Raises OSError where the file cannot be opened.
    """
    try:
        return _full_scale(_read_sheet(path))
    except ValueError:
        return None


def read_chunk(file: BinaryIO, wanted: bytes, max_bytes: int) -> bytes | None:
    """The bytes of the first chunk of this name of a RIFF WAVE file, None where there is none.

    Raises ValueError for what is no RIFF WAVE, and for a chunk that is cut off or longer than max_bytes.
    """
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError("not a RIFF WAVE file")
    for _ in range(MAX_CHUNKS):
        name_length = file.read(8)
        if len(name_length) < 8:
            return None
        name, length = struct.unpack("<4sI", name_length)
        if name != wanted:
            file.seek(length + length % 2, 1)
            continue
        if length > max_bytes:
            raise ValueError(f"chunk {wanted.decode()} has {length} bytes, more than {max_bytes}")
        body = file.read(length)
        if len(body) < length:
            raise ValueError(f"chunk {wanted.decode()} is cut off: {len(body)} of {length} bytes")
        return body
    raise ValueError(f"more than {MAX_CHUNKS} chunks")


def _waves(folder: Path) -> list[Path]:
    waves = (path for path in folder.iterdir() if path.suffix.lower() == ".wav" and path.is_file())
    return sorted(path for path in waves if not path.name.startswith(FOREIGN))


def _has_sheet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return read_chunk(file, b"smj0", MAX_PACKED_BYTES) is not None
    except ValueError:
        return False


def _read_sheet(path: Path) -> _Sheet:
    with path.open("rb") as file:
        try:
            packed = read_chunk(file, b"smj0", MAX_PACKED_BYTES)
            if packed is None:
                raise ValueError("no smj0 chunk, as its neighbours have")
            text = _inflate(packed)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return check_json(text, _Sheet, f"{path}: smj0")


def _full_scale(sheet: _Sheet) -> float | None:
    return next((t.fullScale for t in sheet.transducers if t.channel == 0), None)


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, MAX_JSON_BYTES)
    except zlib.error as error:
        raise ValueError(f"chunk smj0 is damaged: {error}") from error
    if inflater.unconsumed_tail:
        raise ValueError(f"chunk smj0 unpacks to more than {MAX_JSON_BYTES} bytes")
    if not inflater.eof:
        raise ValueError("chunk smj0 is damaged: its zlib stream is cut off")
    return text


def _track(path: Path, sheet: _Sheet, site: Site) -> Track:
    place = sheet.geolocation
    return track_of(
        path,
        audio_shape(path),
        node=sheet.serialNumber,
        xyz_m=site.to_enu(place.latitude, place.longitude, place.elevation),
        start_us=sheet.startTimeUTC,
        sigma_us=STEP_SIGMA_US,
        full_scale_db=_full_scale(sheet),
    )
