"""The board's line between gunshots and the rest, written by simulators/training/fixed_model.py: do not edit.

What the numbers are and what they are good for: dsp/fixed/gunshot.py.
"""

MIDDLES = (11514, 14488, 15155, 11628, 10602, 432, 233, 217, 1797)
SPREADS = (2250, 1663, 1466, 940, 903, 874, 818, 894, 1156)
WEIGHTS = (-326, -456, 297, -1517, -5251, 2066, -79, 249, 1976)
SQUARES = (-225, -845, 250, -694, -3108, -470, 102, -539, -466)
BIAS = -1098
