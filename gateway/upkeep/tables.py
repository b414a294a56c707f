"""The tables of gateway.toml that say what the air is like, and how sure that is."""

from pydantic import Field

from dsp.air import Air, wind_from
from dsp.placing.medium import Medium
from gateway.tables import Table

SURE = 1e-3


class AirTable(Table):
    """The usual weather: it sets the speed of sound, and is where learning begins.

    temperature_c : of the air.
    humidity_pct : relative humidity.
    wind_mps : its speed.
    wind_from_deg : where it comes from: 0 north, 90 east.
    """

    temperature_c: float = Field(default=20.0, ge=-60, le=60)
    humidity_pct: float = Field(default=50.0, ge=0, le=100)
    wind_mps: float = Field(default=0.0, ge=0, le=60)
    wind_from_deg: float = Field(default=0.0, ge=0, le=360)

    def air(self) -> Air:
        """The air as dsp has it."""
        return Air(self.temperature_c, self.humidity_pct, wind_from(self.wind_mps, self.wind_from_deg))


class MediumTable(Table):
    """How the air is learnt. The sigmas say how far [air] may be off.

    learn : find the air from shots and the nodes' thermometers, too; false: as [air] says.
    temperature_sigma_c : one sigma of [air]'s temperature.
    wind_sigma_mps : one sigma of [air]'s wind.
    """

    learn: bool = True
    temperature_sigma_c: float = Field(default=10.0, gt=0, le=30)
    wind_sigma_mps: float = Field(default=4.0, gt=0, le=20)

    def medium(self, weather: Air) -> Medium:
        """The medium as dsp has it; where it is not to learn, one that is sure of the weather."""
        if not self.learn:
            return Medium(weather, SURE, SURE)
        return Medium(weather, self.temperature_sigma_c, self.wind_sigma_mps)
