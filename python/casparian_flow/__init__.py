"""Casparian Flow: `sdk` to write plugins with, `interface` for what a plugin and its context look like."""

__version__ = "1.0.0"
