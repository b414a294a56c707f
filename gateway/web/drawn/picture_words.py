"""What gateway/pictures writes on maps and curves, for the catalogues: there it stands in English."""


def say(english: str) -> str:
    """Marks words for the catalogues."""
    return english


PICTURE_WORDS = (
    say("metres east of the site's origin"),
    say("metres north"),
    say("pole that heard it"),
    say("pole with its node"),
    say("other pole"),
    say("sound that is no gunshot"),
    say("fix and its 95 % ellipse"),
    say("lamp at full"),
    say("lamp at rest"),
    say("what a camera looks at"),
    say("ms later than the fix says"),
    say("sound, each row to its own peak (per cent of full scale)"),
    say("onset of a round that was placed"),
    say("when the sound of the round, as it was placed, is due"),
)
