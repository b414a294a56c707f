"""A pole's past as pictures: what each of its readings was, hour by hour."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from gateway.pictures.history import Past, history
from gateway.pictures.svg import Say
from gateway.web.street import History, Sample

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, and what it is of."""

    name: str
    svg: Markup


def pole_pictures(past: History, now_us: int, hours: float, say: Say) -> list[Drawn]:
    """One for each reading that was ever said in this time, hours before now to the left."""
    at_h = [(sample.at_us - now_us) / HOUR_US for sample in past.samples]
    axis = say("hours before now")
    drawn = [each for each in _pasts(at_h, past.samples, say) if any(value is not None for value in each.values)]
    return [Drawn(each.title, Markup(history(each, -hours, 0.0, axis))) for each in drawn]


def _pasts(at_h: Sequence[float], samples: Sequence[Sample], say: Say) -> list[Past]:
    sigma_ms = [None if each.sigma_us is None else each.sigma_us / 1000 for each in samples]
    return [
        Past(say("Arrivals"), "", at_h, [float(each.n_arrivals) for each in samples], 0.0, 5.0, True),
        Past(say("Loudest arrival"), "dB", at_h, [each.level_db for each in samples], 0.0, 10.0),
        Past(say("Noise"), "dB", at_h, [each.noise_db for each in samples], 0.0, 10.0),
        Past(say("Clock, one sigma"), "ms", at_h, sigma_ms, 0.0, 1.0),
        Past(say("Temperature"), "°C", at_h, [each.temperature_c for each in samples], 0.0, 30.0),
        Past(say("Waiting to be sent"), "", at_h, [_float(each.queued) for each in samples], 0.0, 5.0, True),
    ]


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
