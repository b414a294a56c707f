"""The chips that boards have. Apart from what compiles for them, so that a gateway, which does not, knows them too."""

ARCHITECTURES = {"esp32s3": ("xtensawin",), "rp2350": ("armv7emsp", "rv32imc")}
"""Chip -> what mpy-cross calls its cores, the usual one first (notes/micropython.md section 2.2)."""
