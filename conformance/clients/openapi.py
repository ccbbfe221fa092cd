"""Judges a description with the unmodified Python package openapi-spec-validator.

The description comes as JSON on standard input; the version that it was judged by goes to standard output. One that is no
description of OpenAPI 3.1 ends the program with the reason.
"""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

description = json.load(sys.stdin)
errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in OpenAPIV31SpecValidator(description).iter_errors()]
if errors:
    sys.exit("\n".join(errors))
print(json.dumps({"judged_by": "3.1"}))
