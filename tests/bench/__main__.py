"""`make bench`: every figure of every module, one a line as `name value unit`.

`python -m tests.bench vault wire` runs only these modules.
"""

import importlib
import pkgutil
import sys
import time

import tests.bench


def main(wanted: list[str]) -> None:
    names = [
        module.name for module in pkgutil.iter_modules(tests.bench.__path__) if module.name != "__main__"
    ]
    for name in names:
        if wanted and name not in wanted:
            continue
        started = time.perf_counter()
        for figure, value, unit in importlib.import_module(f"tests.bench.{name}").figures():
            print(f"{figure} {value:.6g} {unit}", flush=True)
        print(f"bench_{name}_took {time.perf_counter() - started:.3g} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
