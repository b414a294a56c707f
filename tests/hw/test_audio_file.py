"""Audio files: every legal one gives the same numbers, every other one a line that says what is wrong."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis.strategies import binary, integers

from hw.linux.audio_file import AudioFile, read_audio

RATE_HZ = 48_000
SOUND = np.random.default_rng(7).uniform(-0.9, 0.9, (4_801, 2)).astype(np.float32)


def store(folder, sound=SOUND, rate_hz=RATE_HZ, name="sound.wav", subtype="PCM_24"):
    path = folder / name
    soundfile.write(path, sound, rate_hz, subtype)
    return path


async def play(source):
    await source.open()
    try:
        return [block async for block in source.blocks()]
    finally:
        await source.close()


@pytest.mark.parametrize(
    ("name", "subtype", "step"),
    [
        ("a.wav", "PCM_U8", 2**-7), ("a.wav", "PCM_16", 2**-15), ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "PCM_32", 2**-24),
        ("a.wav", "FLOAT", 0), ("a.wav", "DOUBLE", 0), ("a.flac", "PCM_S8", 2**-7), ("a.flac", "PCM_16", 2**-15),
        ("a.flac", "PCM_24", 2**-23), ("a.rf64", "PCM_16", 2**-15), ("a.w64", "PCM_16", 2**-15),
    ],
)  # fmt: skip
def test_every_width_is_scaled_to_full_scale_one(tmp_path, name, subtype, step):
    samples, rate_hz = read_audio(store(tmp_path, name=name, subtype=subtype))

    assert rate_hz == RATE_HZ
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, SOUND, atol=step)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 96_000])
@pytest.mark.parametrize("n_channels", [1, 2, 5])
def test_every_rate_and_channel_count_is_read(tmp_path, rate_hz, n_channels):
    path = store(tmp_path, np.repeat(SOUND[:, :1], n_channels, axis=1), rate_hz)

    samples, found_hz = read_audio(path)

    assert (samples.shape, found_hz) == ((len(SOUND), n_channels), rate_hz)


def test_an_ogg_keeps_its_length(tmp_path):
    samples, _ = read_audio(store(tmp_path, name="a.ogg", subtype="VORBIS"))

    assert samples.shape == SOUND.shape


def test_real_recordings_of_flac_in_ogg_are_read_whole(data):
    paths = sorted((data / "clips/gunshots/ffsl").glob("*.ogg"))
    assert len(paths) == 10
    for path in paths:
        samples, rate_hz = read_audio(path)

        assert (samples.shape, rate_hz) == ((110_250, 1), 44_100)  # 2.5 s, as ffprobe says
        assert 0.7 < np.abs(samples).max() <= 1


async def test_the_blocks_are_the_file_and_their_ticks_follow_on(tmp_path):
    blocks = await play(AudioFile(store(tmp_path)))

    np.testing.assert_allclose(np.concatenate([b.samples for b in blocks]), SOUND, atol=2**-23)
    assert [b.tick for b in blocks] == [0, 960, 1920, 2880, 3840, 4800]


async def test_a_source_knows_its_rate_and_channels_once_open(tmp_path):
    source = AudioFile(store(tmp_path), start_us=5)
    await source.open()

    assert (source.rate_hz, source.n_channels, source.start_us) == (RATE_HZ, 2, 5)
    await source.close()


class Time:
    """A clock that only sleeping moves."""

    def __init__(self, now_us):
        self.now_us = now_us

    def read(self):
        return self.now_us

    async def sleep(self, seconds):
        self.now_us += round(seconds * 1e6)


async def test_a_paced_file_gives_no_sample_before_its_time(tmp_path):
    start_us, clock = 1_700_000_000_000_000, Time(1_700_000_000_000_000 - 250_000)
    source = AudioFile(store(tmp_path), start_us, paced=True, now_us=clock.read, sleep=clock.sleep)
    await source.open()
    given_us = [(clock.now_us, block.tick + len(block.samples)) async for block in source.blocks()]

    for now_us, end in given_us:
        assert 0 <= now_us - (start_us + end * 1e6 / RATE_HZ) <= 1
    await source.close()


async def test_a_paced_file_that_starts_late_catches_up(tmp_path):
    clock = Time(10_000_000)

    blocks = await play(AudioFile(store(tmp_path), 0, paced=True, now_us=clock.read, sleep=clock.sleep))

    assert len(blocks) == 6
    assert clock.now_us == 10_000_000


async def test_a_paced_file_without_a_start_starts_when_opened(tmp_path):
    clock = Time(77)
    source = AudioFile(store(tmp_path), paced=True, now_us=clock.read, sleep=clock.sleep)
    await play(source)

    assert source.start_us == 77
    assert clock.now_us == 77 + 100_021  # 4,801 samples at 48 kHz, rounded up to a microsecond


def test_a_missing_file_is_an_oserror_with_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read_audio(tmp_path / "none.wav")

    assert caught.value.filename == str(tmp_path / "none.wav")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        read_audio(tmp_path)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.raw", "a.txt", "noname"])
def test_a_file_that_is_not_audio_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is not a sound at all" * 9)

    with pytest.raises(ValueError, match=f"{name}: not a WAV, FLAC or OGG file"):
        read_audio(tmp_path / name)


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "a.wav").touch()

    with pytest.raises(ValueError, match=r"a\.wav: not a WAV, FLAC or OGG"):
        read_audio(tmp_path / "a.wav")


def test_a_file_without_samples_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"sound\.wav: no samples in the file"):
        read_audio(store(tmp_path, SOUND[:0]))


@pytest.mark.parametrize("rate_hz", [1, 7_999, 96_001, 192_000])
def test_a_rate_out_of_range_names_the_range(tmp_path, rate_hz):
    with pytest.raises(ValueError, match=rf"sound\.wav: sample rate {rate_hz} Hz, must be 8000 to 96000 Hz"):
        read_audio(store(tmp_path, rate_hz=rate_hz))


def test_a_format_that_does_not_keep_time_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.mp3: is MP3, must be WAV, FLAC or OGG"):
        read_audio(store(tmp_path, name="a.mp3", subtype="MPEG_LAYER_III"))


def test_samples_that_are_not_numbers_are_refused(tmp_path):
    sound = SOUND.copy()
    sound[99] = np.nan

    with pytest.raises(ValueError, match="not finite"):
        read_audio(store(tmp_path, sound, subtype="FLOAT"))


def test_a_flac_cut_short_is_damaged_or_just_shorter(tmp_path):
    path = store(tmp_path, np.tile(SOUND, (20, 1)), name="a.flac")
    path.write_bytes(path.read_bytes()[:-9_000])

    with pytest.raises(ValueError, match=r"a\.flac: "):
        read_audio(path)


async def test_blocks_need_an_open_file(tmp_path):
    with pytest.raises(ValueError, match="open the file before"):
        await anext(AudioFile(tmp_path / "a.wav").blocks())


def test_a_senseless_block_length_names_the_range():
    with pytest.raises(ValueError, match=r"block_s 0: must be 0\.001 to 10 s"):
        AudioFile("a.wav", block_s=0)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
@settings(max_examples=40, deadline=None)
@given(at=integers(0, 400), garbage=binary(min_size=1, max_size=40))
def test_hostile_bytes_give_samples_or_one_clear_error(tmp_path_factory, name, at, garbage):
    subtype = "VORBIS" if name.endswith("ogg") else "PCM_16"
    path = store(tmp_path_factory.mktemp("hostile"), SOUND[:600], name=name, subtype=subtype)
    whole = bytearray(path.read_bytes())
    whole[at : at + len(garbage)] = garbage
    path.write_bytes(whole)
    try:
        samples, rate_hz = read_audio(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert 8_000 <= rate_hz <= 96_000
        assert len(samples) > 0
