"""What opens a board's line to its gateway through the air. Loaded only on a board that has one
(firmware/board/build.py).

TLS wants 3 KB in one piece (seen under the unix port), of which a heap in use has few. So that much is held from the
start, and let go of just before it is wanted.
"""

import gc

from hw.mcu.mqtt_line import MqttLine, open_mqtt_line
from hw.mcu.wifi import join

ROOM_BYTES = 4_096


def opener(uplink, node: str, key: bytes, password: str):  # type: ignore[no-untyped-def]
    """uplink: board_config.MqttUplink. key: the node's for the broker. password: the network's."""
    room = [bytearray(ROOM_BYTES)]

    async def open_line() -> MqttLine:
        if uplink.network:
            await join(uplink.network, password)
        room.clear()
        gc.collect()
        try:
            return await open_mqtt_line(uplink.host, uplink.port, node, key)
        except OSError:
            gc.collect()
            room.append(bytearray(ROOM_BYTES))
            raise

    return open_line
