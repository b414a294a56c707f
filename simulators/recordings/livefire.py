"""Importer of the published live-fire tests (data/README.md, "The live-fire files"): one folder, one test.

Pulse times come in steps of 1 ms: their sigma is that of a uniform step, 1000 / sqrt(12) = 289 us. Each firing
position has its own origin of coordinates, so no two recordings share a frame.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, RootModel

from dsp.air import Air, wind_from
from gateway.incident import Arrival
from hw.linux.audio_file import audio_shape
from simulators.recordings.recording import FOREIGN, Recording, Track, Truth, name_of, track_of
from simulators.tables import AzimuthDeg, LevelDb, Metres, Patient, TemperatureC, Utc, WindMps, read_json, within

STEP_SIGMA_US = 289
FULL_SCALE_DB = 93.09  # dB SPL of this sensor's full scale: `fullScale` in the forensic set's smj0 chunks
SURVEY_M = 2.5  # one sigma of a surveyed place, either way (data/README.md)


class _Place(Patient):
    x: Metres
    y: Metres
    z: Metres

    @property
    def xyz_m(self) -> tuple[float, float, float]:
        return self.x, self.y, self.z


class _Sensor(Patient):
    serial_number: str = Field(min_length=1, max_length=32)
    timestamp: Utc
    location: _Place


class _Pulse(Patient):
    pulse_uuid: str
    serial_number: str = Field(min_length=1, max_length=32)
    arrival_time_utc: Utc
    location: _Place
    signal_to_noise_dB: LevelDb
    power_dB_SPL: LevelDb

    def arrival(self) -> Arrival:
        return Arrival(
            node=self.serial_number,
            xyz_m=self.location.xyz_m,
            t_us=self.arrival_time_utc,
            sigma_us=STEP_SIGMA_US,
            snr_db=self.signal_to_noise_dB,
            level_db=self.power_dB_SPL,
        )


class _Survey(Patient):
    num_rounds: Annotated[int, AfterValidator(within(0, 1000, "rounds"))]
    survey_location: _Place


class _Weather(Patient):
    temperature: TemperatureC
    speed: WindMps = 0.0
    direction: AzimuthDeg = 0.0


class _Group(Patient):
    pulse_uuids: tuple[str, ...]


class _Pulses(RootModel[tuple[_Pulse, ...]]):
    pass


class _Groups(RootModel[tuple[_Group, ...]]):
    pass


def is_test(folder: Path) -> bool:
    """Whether this folder itself holds a live-fire test."""
    return bool(_files(folder, "allpulses.json") or _files(folder, "audio.*.json"))


def read_test(folder: Path) -> Recording:
    """One test. Its files may be missing one by one, but not both the pulses and the sound.

    Raises ValueError or OSError naming the file at fault.
    """
    pulses = tuple(pulse for path in _files(folder, "allpulses.json") for pulse in read_json(path, _Pulses).root)
    return Recording(
        source=name_of(folder),
        tracks=tuple(_track(path) for path in _files(folder, "audio.*.json")),
        air=next((_air(path) for path in _files(folder, "weather.json")), Air()),
        truths=tuple(_truth(path) for path in _files(folder, "survey.json")),
        pulses=tuple(pulse.arrival() for pulse in pulses),
        groups=tuple(_groups(folder, pulses)),
        survey_m=SURVEY_M,
    )


def _files(folder: Path, ending: str) -> list[Path]:
    return sorted(path for path in folder.glob(f"*.{ending}") if not path.name.startswith(FOREIGN))


def _track(path: Path) -> Track:
    sensor = read_json(path, _Sensor)
    audio = path.with_suffix(".wav")
    return track_of(
        audio,
        audio_shape(audio),
        node=sensor.serial_number,
        xyz_m=sensor.location.xyz_m,
        start_us=sensor.timestamp,
        sigma_us=STEP_SIGMA_US,
        full_scale_db=FULL_SCALE_DB,
    )


def _air(path: Path) -> Air:
    weather = read_json(path, _Weather)
    return Air(temperature_c=weather.temperature, wind_en_mps=wind_from(weather.speed, weather.direction))


def _truth(path: Path) -> Truth:
    survey = read_json(path, _Survey)
    return Truth(survey.survey_location.xyz_m, survey.num_rounds)


def _groups(folder: Path, pulses: tuple[_Pulse, ...]) -> Iterator[tuple[int, ...]]:
    place = {pulse.pulse_uuid: index for index, pulse in enumerate(pulses)}
    for path in _files(folder, "nlos-tuples.json"):
        for group in read_json(path, _Groups).root:
            yield tuple(place[uuid] for uuid in group.pulse_uuids if uuid in place)
