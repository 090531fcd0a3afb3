"""The script and the style sheet of an explorer: see ``segnet_nb._shared.view_assets``."""

from segnet_nb._shared.view_assets import control_script, modules, page_style, script, style

__all__ = ["control_script", "modules", "page_style", "script", "style"]
