"""The virtual camera judged by a client that is not ours: onvif-zeep-async, by the WSDLs that it bundles."""

import asyncio
import json
import subprocess
import sys

import pytest

from simulators.peers.camera import VirtualCamera

JUDGE = """
import asyncio, json, sys
from onvif import ONVIFCamera

async def main(port):
    camera = ONVIFCamera("127.0.0.1", port, "soundpost", "street", no_cache=True, adjust_time=True)
    await camera.update_xaddrs()
    media, ptz = await camera.create_media_service(), await camera.create_ptz_service()
    token = (await media.GetProfiles())[0].token
    spaces = (await ptz.GetNodes())[0].SupportedPTZSpaces.AbsolutePanTiltPositionSpace
    await ptz.AbsoluteMove({"ProfileToken": token, "Position": {"PanTilt": {"x": 0.5, "y": -0.25}}})
    found = (await ptz.GetStatus({"ProfileToken": token})).Position.PanTilt
    print(json.dumps([[space.XRange.Min for space in spaces], found.x, found.y]))
    await camera.close()

asyncio.run(main(int(sys.argv[1])))
"""


async def test_another_client_finds_its_way_and_turns_it():
    pytest.importorskip("zeep")
    virtual = VirtualCamera()
    await virtual.open()
    command = (sys.executable, "-c", JUDGE, virtual.url.rpartition(":")[2])
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    looks = virtual.looks()
    await virtual.close()

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [[-1.0, -180.0], 0.5, -0.25]
    assert looks == (90.0, -22.5)
