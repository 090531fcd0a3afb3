from . import (
    ablation as ablation,
    costs as costs,
    layer_costs as layer_costs,
    page_parts as page_parts,
    pixel_paths as pixel_paths,
    predictions as predictions,
    traces as traces,
    uncertainty as uncertainty,
    unpooling as unpooling,
)
from .ablation import (
    INTERVENTIONS as INTERVENTIONS,
    AblationBench as AblationBench,
    AblationResult as AblationResult,
)
from .costs import (
    LayerCost as LayerCost,
    NetworkCosts as NetworkCosts,
    PoolingMemory as PoolingMemory,
    probe_costs as probe_costs,
)
from .page_parts import (
    PageNetwork as PageNetwork,
    page_network as page_network,
)
from .predictions import (
    Predictions as Predictions,
    probe_predictions as probe_predictions,
)
from .traces import (
    PathStep as PathStep,
    PixelPath as PixelPath,
    StageTrace as StageTrace,
    TraceList as TraceList,
    UnpoolingTrace as UnpoolingTrace,
    trace_images as trace_images,
    trace_unpooling as trace_unpooling,
)
from .uncertainty import (
    SampledPredictions as SampledPredictions,
    probe_uncertainty as probe_uncertainty,
)
