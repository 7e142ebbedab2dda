"""Use cases: what a person or an administrator does, from beginning to end, stores in and results out.

A flow reads facts, asks ``domain`` what follows from them, and writes the outcome by conditional updates, with the
audit entry in the transaction of the change. It knows neither HTTP (the floors above translate) nor SQL or Redis
commands (the floors below speak them), decides no rule that ``domain`` states, and reads no clock: ``now`` is an
argument.
"""
