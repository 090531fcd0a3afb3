from . import (
    comparison as comparison,
    config as config,
    logit_adjustment as logit_adjustment,
    loop as loop,
    recipes as recipes,
    setup as setup,
    speed as speed,
)
from .comparison import (
    compare_decoders as compare_decoders,
)
from .config import (
    TrainConfig as TrainConfig,
)
from .logit_adjustment import (
    Adjustment as Adjustment,
    adjust_logits as adjust_logits,
    fit_offsets as fit_offsets,
)
from .loop import (
    EpochReport as EpochReport,
    Run as Run,
    load_run as load_run,
    train as train,
)
