# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that registers the same letter: ``URL FILES same THREADS``, or ``URL FILES stop`` within."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.edms_adapter.desk import Desk


def main(url: str, files: str, mode: str, threads: str = "1") -> None:
    with Desk.at(url, Path(files)) as desk:
        print("ready", flush=True)
        sys.stdin.readline()
        if mode == "stop":
            desk.edms._registrar.failpoint = stop
            desk.register()
        with ThreadPoolExecutor(int(threads)) as pool:
            made = list(pool.map(lambda _: desk.registered(), range(int(threads))))
    print(json.dumps([(one.ref, one.number.text, one.created) for one in made]))


def stop(name: str) -> None:
    if name == "edms-register:before-commit":
        print("inside", flush=True)
        time.sleep(600)  # until killed


if __name__ == "__main__":
    main(*sys.argv[1:])
