"""The nets that are measured: bundled, of the zoo, and large ones made here; each with images and an int8 version."""

import dataclasses
import gzip
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BUILD = ".build/bench"
ZOO = os.environ.get("NIBBLE_ZOO") or "../shared/zoo"
CALIBRATION_IMAGES = 64


@dataclasses.dataclass
class Net:
    name: str
    path: str
    images: str
    scale: float
    mean: list
    std: list
    # Images of one measurement, and the batches that ONNX Runtime may choose from.
    count: int
    batches: list

    def stored(self):
        """Images as [N, C, H, W] in their stored type."""
        if self.images.endswith(".gz"):
            raw = gzip.open(self.images).read()
            shape = np.frombuffer(raw[4 : 4 + 4 * raw[3]], ">u4").astype(int)
            return np.frombuffer(raw[4 + 4 * raw[3] :], np.uint8).reshape(shape)[:, None]
        loaded = np.load(self.images)
        return loaded if isinstance(loaded, np.ndarray) else loaded["images"]

    def inputs(self, count):
        """Images as the net reads them."""
        def column(values):
            return np.array(values, np.float32).reshape(1, -1, 1, 1)

        std = column(self.std)
        return self.stored()[:count].astype(np.float32) * (np.float32(self.scale) / std) - column(self.mean) / std

    def int8(self):
        """The statically quantized version: QDQ, weights per channel, MinMax; made once."""
        path = f"{BUILD}/{self.name}-int8.onnx"
        if not os.path.exists(path):
            quantize(self, path)
        return path


def known():
    """Every net that can be measured here."""
    nets = [
        Net(name, f"sample-nets/{name}.onnx", "sample-nets/fashion-test-images.idx.gz", 1 / 255, [0.2860], [0.3530],
            count, [1, 16, 32, 256])
        for name, count in (("fashion-resnet20", 1024), ("fashion-mobilenet", 8192))
    ]
    if os.path.exists(f"{ZOO}/resnet20.onnx"):
        test = f"{ZOO}/cifar10-test.npz"
        nets.append(Net("resnet20", f"{ZOO}/resnet20.onnx", test, 1 / 255, [0.485, 0.456, 0.406],
                        [0.229, 0.224, 0.225], 1024, [1, 16, 32, 256]))
        nets.append(Net("resnet8", f"{ZOO}/resnet8.onnx", test, 1.0, [0.0], [1.0], 4096, [1, 16, 32, 256]))
    for name, make, count in (("resnet50", resnet50, 8), ("mobilenetv2", mobilenetv2, 64)):
        path, images = f"{BUILD}/{name}.onnx", f"{BUILD}/images.npy"
        if not os.path.exists(path):
            os.makedirs(BUILD, exist_ok=True)
            onnx.save(make(), path)
        if not os.path.exists(images):
            np.save(images, np.random.default_rng(1).integers(0, 256, (512, 3, 224, 224), np.uint8))
        nets.append(Net(name, path, images, 1 / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225], count, [1, 4, 16]))
    return nets


def quantize(net, path):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    os.makedirs(BUILD, exist_ok=True)
    inputs = net.inputs(CALIBRATION_IMAGES)
    model = onnx.load(net.path)
    name = model.graph.input[0].name

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.next = 0

        def get_next(self):
            self.next += 1
            return {name: inputs[self.next - 1 : self.next]} if self.next <= len(inputs) else None

    prepared = f"{BUILD}/{net.name}-prepared.onnx"
    quant_pre_process(net.path, prepared, skip_symbolic_shape=True)
    # 8-bit codes without sign for activations and with sign for weights: what x86 multiplies fastest.
    quantize_static(
        prepared, path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8)


class Builder:
    """A graph of convolutions with BatchNormalization, weights by He's rule.

    The second moment of every tensor is followed, so that the statistics of a BatchNormalization are those its input has.
    """

    def __init__(self, name, seed):
        self.name, self.random = name, np.random.default_rng(seed)
        self.nodes, self.constants = [], []
        self.moment = {"input": 1.0}

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def add(self, kind, inputs, moment, **attributes):
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], f"{kind}_{len(self.nodes)}", **attributes))
        self.moment[output] = moment
        return output

    def convolution(self, x, inputs, outputs, kernel, stride=1, groups=1):
        terms = inputs // groups * kernel * kernel
        weights = self.random.normal(0, (2 / terms) ** 0.5, (outputs, inputs // groups, kernel, kernel))
        variance = 2 * self.moment[x]
        pad = kernel // 2
        y = self.add("Conv", [x, self.constant(weights)], variance, kernel_shape=[kernel] * 2, strides=[stride] * 2,
                     pads=[pad] * 4, group=groups)
        gamma, beta = self.random.uniform(0.8, 1.2, outputs), self.random.normal(0, 0.1, outputs)
        mean = self.random.normal(0, 0.1 * variance**0.5, outputs)
        own = variance * self.random.uniform(0.8, 1.25, outputs)
        return self.add("BatchNormalization", [y, *map(self.constant, (gamma, beta, mean, own))], 1.0)

    def rectified(self, x, limit=None):
        if limit is None:
            return self.add("Relu", [x], self.moment[x] / 2)
        return self.add("Clip", [x, self.constant(np.array(0.0)), self.constant(np.array(limit))], self.moment[x] / 2)

    def sum(self, x, y):
        return self.add("Add", [x, y], self.moment[x] + self.moment[y])

    def classified(self, x, inputs, classes=1000):
        x = self.add("GlobalAveragePool", [x], self.moment[x])
        x = self.add("Flatten", [x], self.moment[x])
        weights = self.random.normal(0, inputs**-0.5, (classes, inputs))
        self.nodes.append(helper.make_node(
            "Gemm", [x, self.constant(weights), self.constant(np.zeros(classes))], ["logits"], "Gemm", transB=1))
        graph = helper.make_graph(
            self.nodes, self.name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 224, 224])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model


def resnet50():
    """The shapes of K. He et al., "Deep residual learning for image recognition", 2015; strides in the 3x3 layers."""
    net = Builder("resnet50", 50)
    x = net.rectified(net.convolution("input", 3, 64, 7, 2))
    x = net.add("MaxPool", [x], net.moment[x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inputs = 64
    for width, blocks, first in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            stride, outputs = first if block == 0 else 1, 4 * width
            y = net.rectified(net.convolution(x, inputs, width, 1))
            y = net.rectified(net.convolution(y, width, width, 3, stride))
            y = net.convolution(y, width, outputs, 1)
            shortcut = net.convolution(x, inputs, outputs, 1, stride) if block == 0 else x
            x, inputs = net.rectified(net.sum(y, shortcut)), outputs
    return net.classified(x, inputs)


def mobilenetv2():
    """The shapes of M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018."""
    net = Builder("mobilenetv2", 2)
    x, inputs = net.rectified(net.convolution("input", 3, 32, 3, 2), 6.0), 32
    for factor, outputs, blocks, first in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
    ):
        for block in range(blocks):
            stride, wide = first if block == 0 else 1, inputs * factor
            y = net.rectified(net.convolution(x, inputs, wide, 1), 6.0) if factor > 1 else x
            y = net.rectified(net.convolution(y, wide, wide, 3, stride, groups=wide), 6.0)
            y = net.convolution(y, wide, outputs, 1)
            x, inputs = (net.sum(x, y) if stride == 1 and inputs == outputs else y), outputs
    return net.classified(net.rectified(net.convolution(x, inputs, 1280, 1), 6.0), 1280)
