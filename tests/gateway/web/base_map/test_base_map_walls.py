import subprocess
import sys

BUILDS = ("pyrosm", "shapely", "pmtiles", "pandas")


def test_the_process_that_serves_needs_nothing_of_what_builds_a_map():
    program = f"import sys, gateway.assembly.web; print([each for each in {BUILDS} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "[]"
