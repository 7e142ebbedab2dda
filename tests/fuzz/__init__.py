"""Fuzzing, guided by coverage: targets, a runner for ``make fuzz``, and the inputs that once broke a rule."""
