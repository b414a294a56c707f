"""What runs under the peers' own Python: BirdNET's net, asked through standard input and output.

    python birdnet_child.py MODEL INDEX

In, as often as wanted: how many windows (uint32), and their samples (float32). Out: of each window the logit of the
class at INDEX (float32). All little-endian. It ends with its input. Nothing of the house is imported here, for nothing
of the house is installed there.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main() -> int:
    model, index = sys.argv[1], int(sys.argv[2])
    net = Interpreter(model_path=model, num_threads=1)
    net.allocate_tensors()
    into, out = net.get_input_details()[0], net.get_output_details()[0]["index"]
    n_samples = int(into["shape"][1])
    while len(head := sys.stdin.buffer.read(4)) == 4:
        n = int(np.frombuffer(head, "<u4")[0])
        windows = np.frombuffer(sys.stdin.buffer.read(4 * n * n_samples), "<f4").reshape(n, n_samples)
        logits = np.empty(n, "<f4")
        for turn, window in enumerate(windows):
            net.set_tensor(into["index"], window[None])
            net.invoke()
            logits[turn] = net.get_tensor(out)[0, index]
        sys.stdout.buffer.write(logits.tobytes())
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
