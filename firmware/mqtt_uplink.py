"""What opens a board's line to its gateway through the air. Loaded only on a board that has one (firmware/board.py)."""

from hw.mcu.mqtt_line import MqttLine, open_mqtt_line
from hw.mcu.wifi import join


def opener(uplink, node: str, key: bytes, password: str):  # type: ignore[no-untyped-def]
    """uplink: board_config.MqttUplink. key: the node's for the broker. password: the network's."""

    async def open_line() -> MqttLine:
        if uplink.network:
            await join(uplink.network, password)
        return await open_mqtt_line(uplink.host, uplink.port, node, key)

    return open_line
