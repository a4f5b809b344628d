"""The classic image networks; `list` names them all, `create` builds one by name."""

from minitorch.models.blocks import ConvNormActivation
from minitorch.models.cifar_resnet import (
    cifar_resnet,
    cifar_resnet20,
    cifar_resnet32,
    cifar_resnet44,
    cifar_resnet56,
    cifar_resnet110,
    plain20,
    plain56,
)
from minitorch.models.classifier import FeatureInfo, ImageClassifier, Stages
from minitorch.models.inverted_residual import InvertedResidual
from minitorch.models.lenet import LeNet5, LeNet1998, lenet5, lenet5_1998
from minitorch.models.mobilenet_v1 import (
    MobileNetV1,
    mobilenet_v1,
    mobilenetv1_025,
    mobilenetv1_050,
    mobilenetv1_075,
    mobilenetv1_100,
)
from minitorch.models.mobilenet_v2 import MobileNetV2, mobilenet_v2
from minitorch.models.mobilenet_v3 import MobileNetV3, mobilenet_v3_large, mobilenet_v3_small
from minitorch.models.registry import create, register_model
from minitorch.models.registry import list_models as list
from minitorch.models.resnet import (
    BasicBlock,
    Bottleneck,
    ResNet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnext50_32x4d,
    resnext101_32x8d,
    wide_resnet50_2,
)
from minitorch.models.senet import (
    cifar_seresnet20,
    cifar_seresnet56,
    se_mobilenet_v1,
    se_shufflenet_v1_x1_0_g3,
    se_shufflenet_v2_x1_0,
    seresnet18,
    seresnet50,
    seresnext50_32x4d,
)
from minitorch.models.shufflenet_v1 import (
    ShuffleNetV1,
    shufflenet_v1_x0_5_g1,
    shufflenet_v1_x0_5_g2,
    shufflenet_v1_x0_5_g3,
    shufflenet_v1_x0_5_g4,
    shufflenet_v1_x0_5_g8,
    shufflenet_v1_x1_0_g1,
    shufflenet_v1_x1_0_g2,
    shufflenet_v1_x1_0_g3,
    shufflenet_v1_x1_0_g4,
    shufflenet_v1_x1_0_g8,
    shufflenet_v1_x1_5_g1,
    shufflenet_v1_x1_5_g2,
    shufflenet_v1_x1_5_g3,
    shufflenet_v1_x1_5_g4,
    shufflenet_v1_x1_5_g8,
    shufflenet_v1_x2_0_g1,
    shufflenet_v1_x2_0_g2,
    shufflenet_v1_x2_0_g3,
    shufflenet_v1_x2_0_g4,
    shufflenet_v1_x2_0_g8,
)
from minitorch.models.shufflenet_v2 import (
    ShuffleNetV2,
    shufflenet_v2_x0_5,
    shufflenet_v2_x1_0,
    shufflenet_v2_x1_5,
    shufflenet_v2_x2_0,
)
from minitorch.models.squeeze_excitation import SE, SqueezeExcitation
from minitorch.models.weights import LoadReport, load_weights

__all__ = sorted(name for name, value in globals().items() if callable(value))  # all of the above
