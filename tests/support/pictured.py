"""Small random images with some structure, and networks with random weights, for the tests of image metrics."""

import torch
from torch import nn
from torch.nn.functional import interpolate

from genbench.config.settings import FeatureSettings
from genbench.contract.dataset import Splits
from genbench.contract.metric import Evaluation


def images(count, seed, size=32, channels=3, colours=4, dark=0.0):
    """uint8 [count, size, size, channels]: a few colours, coarse blobs and fine noise."""
    generator = torch.Generator().manual_seed(seed)
    palette = torch.rand(colours, channels, 1, 1, generator=torch.Generator().manual_seed(7))
    base = palette[torch.randint(0, colours, (count,), generator=generator)]
    blobs = interpolate(torch.rand(count, channels, 4, 4, generator=generator), size=size, mode="bilinear")
    noise = torch.rand(count, channels, size, size, generator=generator)
    return (
        (255 * (0.4 * base + 0.4 * blobs + 0.2 * noise) * (1 - dark)).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    )


def evaluation(samples, test, *, train=None, extractor="toy-features", weights="", **values):
    splits = Splits(
        train=images(6, 99) if train is None else train,
        test=test,
        **{k: values.pop(k) for k in ("train_labels", "test_labels") if k in values},
    )
    return Evaluation(
        samples=samples,
        splits=splits,
        dataset="blobs",
        features=FeatureSettings(name=extractor, weights=str(weights)),
        **values,
    )


def random_inception(path):
    """A file of weights of torch-fidelity's Inception network whose activations neither vanish nor explode."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Blank(FeatureExtractorInceptionV3):
        def load_state_dict(self, *_, **__):
            return None

    torch.save({}, path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Blank("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path))
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.8, 1.2)
                nn.init.uniform_(module.bias, -0.1, 0.1)
                nn.init.uniform_(module.running_mean, -0.1, 0.1)
                nn.init.uniform_(module.running_var, 0.8, 1.2)
    torch.save(network.state_dict(), path)
    return path
