"""What sounds in a street at night besides guns: how loud at 1 m, how the poles' detectors score it, where and how it
comes.

Levels are at 1 m by the nodes' measure (peak in the detector's band, dB SPL). Of blasts that is BLAST_DB under the
unweighted peaks that are published: a .45 pistol is given with 165 dB (oklahoman.com, 29 April 1990), the live fire's
.45, .40 and 9 mm come out at 130 to 143 dB. Of other sounds the published values are A-weighted with a slow or fast
meter; IMPULSE_DB is added for the peak of an impulse (an impulse is told 5 to 15 dB too low by such a meter: askt.gr on
Berger's lecture of 2018, read there). All pages named were opened on 27 November 2026.

Scores are quantiles at SHARES of the p that trees and nets give to the strongest onset of clips that they have never
heard (data/README.md; classes of clips/more, esc10 with its fold left out).
"""

from dataclasses import dataclass

BLAST_DB, IMPULSE_DB = -22.0, 10.0
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
ONCE, AT_WORK, FIREWORKS = "once", "at work", "fireworks"


@dataclass(frozen=True, slots=True)
class Sound:
    """level_db : mean and sigma over sources. p : quantiles of the poles' scores. up_m : least and most height. comes :
    once, at work (again and again from one place) or among fireworks. weight : how often, against the others of its
    kind. source : of the level."""

    name: str
    level_db: tuple[float, float]
    p: tuple[float, ...]
    source: str
    weight: float = 1.0
    up_m: tuple[float, float] = (0.0, 3.0)
    comes: str = ONCE


DOOR = (0.0, 0.001, 0.002, 0.021, 0.045, 0.061, 0.26)
CAR_DOOR = (0.003, 0.004, 0.007, 0.014, 0.033, 0.042, 0.045)
WOOD = (0.0, 0.0, 0.0, 0.0, 0.006, 0.029, 0.29)
METAL = (0.0, 0.003, 0.006, 0.022, 0.08, 0.165, 0.287)
STONE = (0.002, 0.004, 0.004, 0.011, 0.165, 0.607, 0.806)
OTHER = (0.0, 0.004, 0.019, 0.073, 0.194, 0.518, 0.925)
TOOLS = (0.0, 0.001, 0.003, 0.004, 0.051, 0.174, 0.65)
GLASS = (0.0, 0.001, 0.001, 0.014, 0.076, 0.377, 0.878)
DOG = (0.0, 0.0, 0.0, 0.001, 0.004, 0.011, 0.052)
SNEEZE = (0.0, 0.0, 0.0, 0.001, 0.002, 0.006, 0.022)
THUNDER = (0.001, 0.002, 0.004, 0.008, 0.04, 0.064, 0.803)
EXPLOSION = (0.0, 0.0, 0.001, 0.046, 0.182, 0.342, 0.749)
DISPLAY = (0.632, 0.657, 0.695, 0.814, 0.843, 0.852, 0.858)

CHOSEN = "chosen"
SOUNDS = (
    Sound("door slam", (100.0, 6.0), DOOR, "over 100 dBA where it strikes: engineerfix.com, things that make a lot of "
          "noise", 3.0),
    Sound("car door", (98.0, 5.0), CAR_DOOR, CHOSEN, 4.0),
    Sound("dog", (106.0, 5.0), DOG, "large dog, 72 dBA at 50 ft: asiproaudio.com, noise level data", 3.0),
    Sound("sneeze, shout", (92.0, 6.0), SNEEZE, CHOSEN),
    Sound("hammer", (108.0, 7.0), TOOLS, CHOSEN + ": 20 dB and more under a gun (issue 13)", 1.0),
    Sound("impact on metal", (106.0, 7.0), METAL, CHOSEN, 2.0),
    Sound("impact on stone", (102.0, 7.0), STONE, CHOSEN),
    Sound("impact on wood", (100.0, 7.0), WOOD, CHOSEN, 2.0),
    Sound("glass", (98.0, 6.0), GLASS, CHOSEN),
    Sound("balloon, bag", (115.0, 6.0), OTHER, CHOSEN, 0.5),
    Sound("backfire", (118.0, 7.0), OTHER, CHOSEN, 0.5),
    Sound("nail gun", (112.0, 5.0), TOOLS, CHOSEN, 1.0, comes=AT_WORK),
    Sound("hammering", (108.0, 6.0), TOOLS, CHOSEN, 1.0, comes=AT_WORK),
    Sound("breaker", (126.0, 4.0), TOOLS, "hoe-pac, 92 dBA at 50 ft: City of Renton, construction noise", 0.5,
          comes=AT_WORK),
    Sound("thunder", (168.0, 8.0), THUNDER, "120 dB for a thunderclap near by: airportnoiselaw.org; taken at 300 m",
          up_m=(300.0, 1500.0)),
    Sound("explosion", (145.0, 8.0), EXPLOSION, CHOSEN, 0.05),
    Sound("firecracker", (138.0, 6.0), DISPLAY, "142 dB at 8 m: Flamme, Liebe and Wong 2009, Noise Health 11:223", 1.0,
          comes=FIREWORKS),
    Sound("rocket", (140.0, 8.0), DISPLAY, "C-weighted peaks of 101 to 137 dB among spectators: cirrusresearch.com, "
          "noise levels from fireworks", 1.0, up_m=(50.0, 120.0), comes=FIREWORKS),
)  # fmt: skip
