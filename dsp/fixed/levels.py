"""Logarithms in integers: units of 1/1024 of a doubling, and hundredths of dB."""


def log2(value: int) -> int:
    """Of 1 or more, in 1/1024: whole part exact, between by x + 0.34 x (1 - x), which is right to 0.01."""
    log = 10240
    while value > 2047:
        value >>= 1
        log += 1024
    while value < 1024:
        value += value
        log -= 1024
    part = value - 1024
    return log + part + (352 * part * (1024 - part) >> 20)


def decibels(log: int) -> int:
    """Of a logarithm of energy in 1/1024 of a doubling, in hundredths of dB."""
    return log * 30103 // 102400
