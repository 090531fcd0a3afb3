from . import (
    class_weights as class_weights,
    classes as classes,
    functions as functions,
    ranked as ranked,
    ranked_classes as ranked_classes,
)
from .class_weights import (
    PUBLISHED_CLASS_WEIGHTS as PUBLISHED_CLASS_WEIGHTS,
    class_frequencies as class_frequencies,
    inverse_log_weights as inverse_log_weights,
    median_frequency_weights as median_frequency_weights,
)
from .classes import (
    CategoricalCrossEntropy as CategoricalCrossEntropy,
    CrossEntropyDice as CrossEntropyDice,
    DiceLoss as DiceLoss,
)
from .functions import (
    categorical_cross_entropy as categorical_cross_entropy,
    cross_entropy_dice as cross_entropy_dice,
    dice_loss as dice_loss,
)
from .ranked import (
    hard_pixel_cross_entropy as hard_pixel_cross_entropy,
    lovasz_softmax as lovasz_softmax,
)
from .ranked_classes import (
    HardPixelCrossEntropy as HardPixelCrossEntropy,
    LovaszSoftmax as LovaszSoftmax,
)
