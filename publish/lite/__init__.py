"""The whole lesson in a browser tab: a static site of JupyterLite, Python in WebAssembly, the kit and the notebooks.

`make lite` builds it into `build/lite/`, `make lite-serve` shows it. Nothing is fetched while it is used, and it works
from any folder of any static host.
"""
