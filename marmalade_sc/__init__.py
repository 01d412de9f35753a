"""Live-coded music over a network in subjective real time."""

__all__ = ["__version__"]

__version__ = "0.1.0"
