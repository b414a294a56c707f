"""PortAudio through PyAudio (extra `audio`). See hw/linux/microphone.py."""

from collections.abc import Mapping

import pyaudio

from hw.linux.portaudio import Input, OnBlock, Stream


def list_inputs() -> list[Input]:
    """The devices that can be listened to."""
    audio = pyaudio.PyAudio()
    try:
        devices = [audio.get_device_info_by_index(index) for index in range(audio.get_device_count())]
    finally:
        audio.terminate()
    return [Input(int(d["index"]), str(d["name"])) for d in devices if int(d["maxInputChannels"])]


def open_stream(index: int | None, rate_hz: int, n_channels: int, n_frames: int, on_block: OnBlock) -> Stream:
    """Listen to a device (None: the default one). Raises OSError where PortAudio refuses."""

    def called(
        samples: bytes | None, _n_frames: int, times: Mapping[str, float], status: int
    ) -> tuple[bytes | None, int]:
        if samples:
            on_block(samples, times["input_buffer_adc_time"], bool(status & pyaudio.paInputOverflow))
        return None, pyaudio.paContinue

    audio = pyaudio.PyAudio()
    try:
        stream = audio.open(
            rate_hz, n_channels, pyaudio.paFloat32, input=True, input_device_index=index, frames_per_buffer=n_frames,
            stream_callback=called,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        audio.terminate()
        raise OSError(f"PortAudio cannot open it ({error})") from error

    def close() -> None:
        stream.close()
        audio.terminate()

    return Stream(close)
