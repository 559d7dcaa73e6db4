"""Figures, one a line: `name value unit`. Each module here has `figures()`."""
