"""Widgets of the book: kernel-free ones for the static page, live ones for a running notebook."""

from thlab.explore.controls import Choice, Slider
from thlab.explore.live import interact_model, live_decoder
from thlab.explore.strip import frame_strip

__all__ = ["Choice", "Slider", "frame_strip", "interact_model", "live_decoder"]
