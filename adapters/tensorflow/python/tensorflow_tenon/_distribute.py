# SPDX-License-Identifier: Apache-2.0
"""`tf.distribute.MirroredStrategy()` without a list of devices takes all Tenon devices, as it takes
all GPUs where there are some. Gradients are added up on one device (ReductionToOneDevice), which is
what TensorFlow chooses for devices that NCCL does not know; copies between devices go through the
host.
"""

import tensorflow as tf
from tensorflow.python.distribute import mirrored_strategy as _mirrored

from ._library import DEVICE_TYPE


def install():
    others = _mirrored.all_local_devices

    def all_local_devices(num_gpus=None):
        if num_gpus is None and not tf.config.list_logical_devices("GPU"):
            devices = tf.config.list_logical_devices(DEVICE_TYPE)
            if devices:
                return devices
        return others(num_gpus)

    _mirrored.all_local_devices = all_local_devices
