"""The edge: one module per deployed function.

While a Lambda environment starts nothing becomes garbage, so collecting it only costs time: the collector
rests from here until `edge.environment_start.prepare` has built everything, and lets all of it alone then.
"""

import gc

from shared.config.environment import process_environment

if "AWS_LAMBDA_RUNTIME_API" in process_environment():
    gc.disable()
