"""Names for some of the wire's numbers, for people and hosts: a board does without."""

from firmware.wire import IDENTIFY, REPORT, RESTART

SOUNDS = ("blast", "crack", "other")
VERBS = {REPORT: "report", IDENTIFY: "identify", RESTART: "restart"}
SHAPE = ("rise_us", "half_us", "duration_us", "crossings_per_s", "centroid_hz", "decay_5_cdb", "decay_20_cdb",
         "decay_60_cdb", "before_cdb", "kurtosis_c", "flatness_cdb", "pitch_c", "n_wave_c", "under_300_cdb",
         "to_700_cdb", "to_1500_cdb")  # fmt: skip
"""What the numbers of an arrival's `shape` are, in order: dsp/hearing/features.py; _c: times 100."""
