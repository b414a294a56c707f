"""What is taken to be true of sound in any street: assumptions with physical names and units.

They were chosen while looking at the live-fire recordings and at synthetic streets of development seeds.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acoustics:
    """What is taken to be true of sound in any street. Nothing here is to be tuned to a place.

    hearing_m : farthest a pole hears a shot. nearest_m : the nearest pole that heard it is no farther. early_us,
    latest_us : what may still be a first arrival, about the straight path (how likely: dsp/placing/lateness.py).
    clutter_per_s : impulses of other causes, a pole. level_sigma_db, excess_db_per_m : see gateway/placing/evidence.py.
    heard_db, heard_spread_db : expected level over noise that is heard half of the time (less where nodes report weaker
    ones), and how fast that changes. echo_us : echoes come no later behind the direct sound. echo_nats : what an
    arrival loses for looking like one. echo_db : an echo of a whole shot is at least this much weaker. apart_us : least
    time between two rounds of one gun (950 rounds a minute are 63 ms apart). round_nats, shot_nats : least score of a
    round from a known place, and of the rounds of a new place together. crowd_nats : how much more where poles hear so
    much clutter that chance makes rounds: a score of S comes up by chance with exp(-S) at most in each place and time
    that can be told apart (Markov's inequality on a likelihood ratio), of which 500 m by 300 m have some 2e9 an hour
    (gateway/placing/refine.py, PINNED), and ln 2e9 is 21. settle_us : how long after the last direct arrival may have
    come a decision is put off, for what is late on the wire.
    """

    hearing_m: float = 900.0
    nearest_m: float = 450.0
    early_us: int = 35_000
    latest_us: int = 100_000
    clutter_per_s: float = 1.0
    level_sigma_db: float = 10.0
    excess_db_per_m: float = 0.01
    heard_db: float = 10.0
    heard_spread_db: float = 8.0
    echo_us: int = 800_000
    echo_nats: float = 2.0
    echo_db: float = 5.0
    apart_us: int = 55_000
    round_nats: float = 4.0
    shot_nats: float = 8.0
    crowd_nats: float = 13.0
    settle_us: int = 400_000
