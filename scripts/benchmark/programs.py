"""The programs that take turns: nibble's engine-bench, and ONNX Runtime in this process."""

import subprocess
import time

import onnxruntime

# ONNX Runtime's threads wait actively for a moment after a run.
PAUSE = 0.1


class Nibble:
    def __init__(self, net):
        def joined(values):
            return ",".join(map(str, values))

        self.process = subprocess.Popen(
            [".build/release/engine-bench", net.path, net.images, repr(net.scale), joined(net.mean), joined(net.std)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        """The numbers that engine-bench answers a line with."""
        time.sleep(PAUSE)
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        try:
            return [float(word) for word in answer.split()]
        except ValueError:
            raise SystemExit(f"bench: engine-bench answered {answer!r}") from None

    def seconds(self, *words):
        return self.ask(*words)[0]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Runtime:
    """One net in ONNX Runtime, at the batch that was fastest in two trials each."""

    def __init__(self, path, inputs, batches, threads):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name
        fixed = self.session.get_inputs()[0].shape[0]
        candidates = [fixed] if isinstance(fixed, int) else [b for b in batches if b <= len(inputs)]
        self.inputs = inputs
        trial = inputs[: max(max(candidates), min(len(inputs), 256))]
        self.run(candidates[0], trial[: candidates[0]])
        self.batch = min(candidates, key=lambda batch: min(self.run(batch, trial) for _ in range(2)))

    def run(self, batch, inputs):
        start = time.perf_counter()
        for first in range(0, len(inputs), batch):
            self.session.run(None, {self.name: inputs[first : first + batch]})
        return time.perf_counter() - start

    def seconds(self):
        time.sleep(PAUSE)
        return self.run(self.batch, self.inputs)
