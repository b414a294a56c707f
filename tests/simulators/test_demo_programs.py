"""The demo's programs do not outlive it."""

import asyncio
import signal
import sys
from pathlib import Path

STARTER = """
import asyncio, sys
from pathlib import Path
from simulators.demo.programs import start

async def main():
    sleeper = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(300)"]
    program = await start("sleeper", sleeper, Path(sys.argv[1]))
    await program.first_line(60)
    print(program.pid, flush=True)
    await asyncio.sleep(300)

asyncio.run(main())
"""


async def test_a_demo_that_is_killed_outright_leaves_no_program_running(tmp_path):
    demo = await asyncio.create_subprocess_exec(sys.executable, "-c", STARTER, tmp_path, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        pid = int(await demo.stdout.readline())
        demo.send_signal(signal.SIGKILL)
        await demo.wait()
        while _runs(pid):  # noqa: ASYNC110  (another process ends)
            await asyncio.sleep(0.05)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
