"""Runs the lines that the partners' space shows for the Python package Authlib, as they stand there.

Prints the address to open; reads the address that the citizen came back to; prints what it learnt, as JSON.
"""

import json
import os
import runpy
import sys

os.environ["NO_PROXY"] = "*"

lines = runpy.run_path(os.environ["LINES"])
address, pending = lines["sign_in"]()
print("OPEN", address, flush=True)

back = sys.stdin.readline().strip()
print("LEARNT", json.dumps({"userinfo": lines["signed_in"](back, pending)}), flush=True)
