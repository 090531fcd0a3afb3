from . import (
    archive as archive,
    augment as augment,
    base as base,
    camvid as camvid,
    checksums as checksums,
    class_mix as class_mix,
    classes as classes,
    clips as clips,
    colors as colors,
    doctor as doctor,
    download as download,
    folder as folder,
    groups as groups,
    image_files as image_files,
    mask_encoding as mask_encoding,
    names as names,
    photometric as photometric,
    registry as registry,
    resizing as resizing,
    synthetic as synthetic,
    video_files as video_files,
)
from .base import (
    Dataset as Dataset,
)
from .classes import (
    CAMVID as CAMVID,
    ClassList as ClassList,
)
from .groups import (
    group_names as group_names,
    hold_out as hold_out,
)
from .names import (
    NAMES as NAMES,
    SPLITS as SPLITS,
    check_request as check_request,
    is_folder as is_folder,
)
from .registry import (
    load as load,
)
