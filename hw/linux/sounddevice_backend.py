"""PortAudio through sounddevice (extra `audio`). See hw/linux/microphone.py."""

from typing import Any

import sounddevice

from hw.linux.portaudio import Input, OnBlock, Stream


def list_inputs() -> list[Input]:
    """The devices that can be listened to."""
    return [Input(int(d["index"]), str(d["name"])) for d in sounddevice.query_devices() if d["max_input_channels"]]


def open_stream(index: int | None, rate_hz: int, n_channels: int, n_frames: int, on_block: OnBlock) -> Stream:
    """Listen to a device (None: the default one). Raises OSError where PortAudio refuses."""

    def called(samples: Any, _n_frames: int, times: Any, status: Any) -> None:
        on_block(bytes(samples), times.inputBufferAdcTime, bool(status.input_overflow))

    try:
        stream = sounddevice.RawInputStream(
            samplerate=rate_hz, blocksize=n_frames, device=index, channels=n_channels, dtype="float32", callback=called
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise OSError(f"PortAudio cannot open it ({error})") from error
    return Stream(stream.close)
