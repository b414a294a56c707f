"""The colours of the pages, measured: WCAG 2.2, 1.4.3 (text, 4.5 to 1) and 1.4.11 (edges of controls, 3 to 1)."""

import pathlib
import re

import pytest

from gateway.pictures import svg

STATIC = pathlib.Path(__file__).parents[4] / "gateway" / "web" / "static"
CSS, PICTURES = (STATIC / "soundpost.css").read_text("utf-8"), (STATIC / "pictures.css").read_text("utf-8")
TEXT = [
    (ink, on)
    for on in ("page", "panel", "fresh-fill")
    for ink in ("ink", "soft", "link", "grade-a", "alarm", "good", "bad")
] + [
    ("on-grade", "grade-a"),
    ("on-grade", "grade-b"),
    ("on-grade", "grade-c"),
    ("on-warn", "warn"),
    ("on-link", "link"),
]
EDGES = [("edge", "panel"), ("edge", "page"), ("focus", "page"), ("focus", "panel"), ("grade-c", "page")]


def block(css, head):
    """The colours that the rule of this head sets."""
    body = css.split(head, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6}(?:[0-9a-f]{2})?)\b", body))


LIGHT = block(CSS, ":root {")
DARK = {**LIGHT, **block(CSS, ':root[data-theme="dark"] {')}


def luminance(colour):
    """Relative luminance (WCAG 2.2, Terms)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ink, on", TEXT)
def test_text_can_be_read(colours, ink, on):
    assert contrast(colours[ink], colours[on]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("edge, on", EDGES)
def test_controls_can_be_seen(colours, edge, on):
    assert contrast(colours[edge], colours[on]) >= 3.0


def test_the_switch_and_the_device_say_the_same_dark():
    for css in (CSS, PICTURES):
        assert block(css, ':root:not([data-theme="light"]) {') == block(css, ':root[data-theme="dark"] {')
    assert block(PICTURES, ":root {").items() <= block(svg.COLOURS, ":root {").items()
    assert block(PICTURES, ':root[data-theme="dark"] {').items() <= block(svg.COLOURS, "dark) { :root {").items()


def test_pictures_look_as_in_the_reports():
    rules = PICTURES.split("/* gateway/pictures/svg.py */", 1)[1]

    assert rules.split() == svg.RULES.split()


@pytest.mark.parametrize("css", [CSS, PICTURES])
def test_every_colour_that_is_used_is_set(css):
    used = set(re.findall(r"var\(--([\w-]+)\)", css))

    assert used <= set(re.findall(r"--([\w-]+):", CSS + PICTURES))
