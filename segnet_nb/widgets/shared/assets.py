"""The script and the style sheet of an explorer: see ``segnet_nb._shared.view_assets``."""

from segnet_nb._shared.view_assets import modules, script, style

__all__ = ["modules", "script", "style"]
